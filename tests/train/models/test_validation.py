"""Figures of what is held out, against numbers worked out by hand."""

import numpy as np
import pytest
import torch

from tideline.models.validation import _ranked


def test_a_target_is_ranked_among_all_with_ties_at_half() -> None:
    """Contract: log loss of the softmax; rank 1 for the best; of equals the mean rank."""
    scores = torch.tensor([[3.0, 1.0, 1.0, 0.0], [0.0, 0.0, 0.0, 0.0]])
    found = _ranked("item", scores, np.array([1, 2]))
    ranks = np.array([2.5, 2.5])
    assert found["item_log_rank"] == pytest.approx(np.log(ranks))
    assert found["item_mrr"] == pytest.approx(1 / ranks)
    assert found["item_hr@20"].tolist() == [1.0, 1.0]
    raised = np.exp(scores.numpy())
    softmax = raised / raised.sum(axis=1, keepdims=True)
    assert found["item_log_loss"] == pytest.approx(-np.log([softmax[0, 1], softmax[1, 2]]), rel=1e-6)
