"""Microseconds an event of an encoder."""

from __future__ import annotations

from tests.support.model_folders import ARTEFACTS
from tideline.scripts.benchmarks.offline.encoder import BATCHES, measure
from tideline.scripts.parsers.bench_keys import BENCH_KEYS


def test_every_batch_size_has_its_figures_on_one_thread_and_on_two() -> None:
    found = measure(ARTEFACTS / "demo-1", "cpu", 0.01)
    assert found.keys() == BENCH_KEYS["encoder"].keys()
    assert (found["model"], found["provider"]) == ("demo-1", "cpu")
    for part in (found["step"], found["features"], found["sawtooth"], found["threads_2"]["step"]):
        assert list(part) == [str(batch) for batch in BATCHES]
        assert min(part.values()) > 0.0
