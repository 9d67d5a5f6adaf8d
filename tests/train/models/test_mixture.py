"""How much of each part is best."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.training import run, written
from tideline.models.blend import PARTS
from tideline.models.data import read, recoded
from tideline.models.scorer import Scorer

MANY: dict[str, Any] = {"past": 10_000, "negatives": 20}


def sessions(count: int = 1_000) -> list[tuple[Any, ...]]:
    """Short sessions of one of 100 sets of three items, which often come again."""
    rng = np.random.default_rng(3)
    sets = np.repeat(rng.integers(100, size=count), 5)
    items = 3 * sets + rng.integers(3, size=sets.size)
    return [(f"s{row // 5}", f"i{item}", 1_000 * row) for row, item in enumerate(items.tolist())]


def log_loss(folder: Path, train: Path, test: Path) -> float:
    """Return it on 400 targets, in training's items, as an evaluation does."""
    names, events = read(train).item_names, recoded(read(test), read(train))
    rows = np.setdiff1d(np.flatnonzero(events.item >= 0), events.starts[:-1])[:400]
    log_p = Scorer.load(folder).log_scores(events, rows, "item", names)
    total = np.exp(log_p).sum(axis=1)
    assert (total < 1.0 + 1e-4).all()
    assert (total > 0.9).all()  # the network has buckets for items that have not come yet
    return float(-log_p[np.arange(rows.size), events.item[rows]].mean())


def test_a_blend_predicts_better_than_the_network_alone_and_the_manifest_says_of_what(tmp_path: Path) -> None:
    """Contract: the weights sum to 1, are in manifest and head, and the probabilities of all items too sum to 1."""
    columns = "sequence_id,item_id,ts_ms"
    data = written(tmp_path / "train.csv", sessions(), columns)
    test = written(tmp_path / "test.csv", [(f"t{row[0]}", *row[1:]) for row in sessions(200)], columns)
    alone = run(tmp_path, data, name="alone", **(MANY | {"past": 0}))
    blended = run(tmp_path, data, name="blended", **MANY)
    metrics = json.loads((blended / "manifest.json").read_text())["training"]["metrics"]
    assert list(metrics["blend"]) == list(PARTS)
    assert sum(metrics["blend"].values()) == pytest.approx(1.0)
    assert "blend" not in json.loads((alone / "manifest.json").read_text())["training"]["metrics"]
    assert (alone / "model.onnx").read_bytes() == (blended / "model.onnx").read_bytes()
    assert log_loss(blended, data, test) < log_loss(alone, data, test) - 0.2


def test_too_little_held_out_leaves_the_network_alone(tmp_path: Path) -> None:
    data = written(tmp_path / "few.csv", sessions(60), "sequence_id,item_id,ts_ms")
    with np.load(run(tmp_path, data, **MANY) / "head.npz") as head:
        assert "blend" not in head.files
