"""What training leaves behind can be served."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.support.training import cycles, run, written
from tideline.models.data import read
from tideline.models.scorer import Scorer


def test_a_trained_folder_predicts_what_it_was_trained_on(tmp_path: Path) -> None:
    data = written(tmp_path / "cycles.csv", cycles())
    folder = run(tmp_path, data, epochs=30, learning_rate=0.02, patience=30, dropout=0.0)
    events = read(data)
    rows = np.setdiff1d(np.arange(events.item.size), events.starts[:-1])
    scorer = Scorer.load(folder)
    of_both = (("item", events.item, events.item_names), ("category", events.category, events.category_names))
    for of, codes, names in of_both:
        log_p = scorer.log_scores(events, rows, of, names)  # type: ignore[arg-type]
        assert np.exp(log_p).sum(axis=1) == pytest.approx(1.0, abs=1e-3)
        assert (log_p.argmax(axis=1) == codes[rows]).mean() > 0.95
    manifest = json.loads((folder / "manifest.json").read_text())
    assert set(manifest["training"]) == {
        "data", "range", "split", "seed", "epochs", "ended", "undone", "config", "metrics",
    }  # fmt: skip
    assert manifest["training"]["metrics"]["gru"]["item_log_loss"] < 0.5
    assert not (tmp_path / "m.checkpoint").exists()
