"""What is minimised."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.support.training import cycles, run, written
from tideline.models.data import read
from tideline.models.losses import expected_draws
from tideline.models.scorer import Scorer


@pytest.mark.parametrize(
    "params", [{"loss": "bpr_max"}, {"loss": "gbce"}, {"negatives": 5}, {"negatives": 5, "loss": "gbce"}]
)
def test_every_loss_learns(tmp_path: Path, params: dict[str, Any]) -> None:
    data = written(tmp_path / "cycles.csv", [(*row[:3], "") for row in cycles()])
    folder = run(tmp_path, data, epochs=30, learning_rate=0.02, patience=30, dropout=0.0, **params)
    events = read(data)
    rows = np.setdiff1d(np.arange(events.item.size), events.starts[:-1])
    log_p = Scorer.load(folder).log_scores(events, rows, "item", events.item_names)
    assert (log_p.argmax(axis=1) == events.item[rows]).mean() > 0.9


def test_expected_draws_follow_the_counts_and_never_draw_what_never_occurs() -> None:
    cumulative, log_q = expected_draws(torch.tensor([0.0, 1.0, 16.0]), 0.5, 10)
    assert cumulative.tolist() == pytest.approx([0.0, 0.2, 1.0])
    assert torch.exp(log_q[1:]).tolist() == pytest.approx([2.0, 8.0])
    assert torch.searchsorted(cumulative, torch.tensor([1e-9], dtype=torch.float64)).item() == 1
