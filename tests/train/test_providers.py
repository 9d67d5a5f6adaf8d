"""The table of CPU and GPU, made with the torch of the machine."""

from __future__ import annotations

from tideline.scripts.benchmarks.offline.providers import measure
from tideline.scripts.parsers.bench_keys import BENCH_KEYS


def test_every_size_and_batch_has_its_figures_and_x_is_the_same_however_it_is_stepped() -> None:
    """Contract: on the CPU bit for bit; where no GPU is, its columns say so."""
    found = measure(0.001, hidden=(8, 24), batches=(1, 7))
    assert found.keys() == BENCH_KEYS["providers"].keys()
    for width in ("8", "24"):
        for column in ("cpu", "cpu bound"):
            assert min(us or 0.0 for us in found["step_us"][width][column].values()) > 0.0
            proof = found["parity"][width][column]
            assert proof is not None
            assert (proof["x_differ"], proof["h_off"]) == (0, 0.0)
            assert proof["x_of"] == 512 * 16
        if found["missing"]:
            assert found["step_us"][width]["cuda bound"] == {"1": None, "7": None}
            assert found["pays_from"][width] is None
    assert sum("cpu bound" in line for line in found["markdown"]) == 2
