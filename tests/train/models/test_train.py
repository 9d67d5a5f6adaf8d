"""Training end to end on data small enough for a unit test, with the torch of the machine."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.training import cycles, run, written
from tideline.models.data import read
from tideline.models.scorer import Scorer


@pytest.mark.parametrize(
    ("what", "rows"),
    [
        ("twenty sequences", cycles(20, 3)),
        ("no categories", [(*row[:3], "") for row in cycles(20, 3)]),
        ("no items", [(row[0], "", row[2], row[3]) for row in cycles(20, 3)]),
        ("equal times", [(*row[:2], 5, row[3]) for row in cycles(20, 3)]),
        ("items seen once", [(s, f"i{s}-{k}", 10 * s + k, "") for s in range(20) for k in range(3)]),
        ("sequences of one event", cycles(20, 1)),
        ("one event", cycles(1, 1)),
        ("nothing but gaps", [("a", "", 5, ""), ("a", "", 6, "")]),
    ],
)
def test_any_data_makes_a_model_that_can_be_served(tmp_path: Path, what: str, rows: list[tuple[Any, ...]]) -> None:
    data = written(tmp_path / "events.csv", rows)
    scorer = Scorer.load(run(tmp_path, data))
    events = read(data)
    targets = np.setdiff1d(np.arange(events.item.size), events.starts[:-1])
    assert scorer.log_scores(events, targets, "item", events.item_names).shape == (targets.size, events.item_names.size)


def test_one_seed_gives_one_model_and_another_another(tmp_path: Path) -> None:
    data = written(tmp_path / "cycles.csv", cycles())
    models = [run(tmp_path, data, "--seed", seed, name=f"m{at}") for at, seed in enumerate(("3", "3", "4"))]
    first, again, other = [(folder / "model.onnx").read_bytes() for folder in models]
    assert first == again
    assert first != other


@pytest.mark.parametrize(("given", "expected"), [({}, "3000"), ({"GOMP_SPINCOUNT": "7"}, "7")])
def test_threads_that_wait_soon_leave_the_processor_to_others(given: dict[str, str], expected: str) -> None:
    """Contract: beside other work training costs no more than it does alone; who sets it himself is not overruled.

    Told by the library of torch's threads itself.
    """
    mine = {name: value for name, value in os.environ.items() if name not in ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY")}
    load = [sys.executable, "-c", "import tideline.models.train"]
    told = subprocess.run(
        load, env=mine | {"OMP_DISPLAY_ENV": "verbose"} | given, capture_output=True, text=True, check=True
    ).stderr
    assert f"GOMP_SPINCOUNT = '{expected}'" in told
