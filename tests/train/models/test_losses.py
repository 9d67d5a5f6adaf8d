"""Each loss against its formula, written as plain loops."""

import math

import numpy as np
import pytest
import torch

from tideline.models.losses import bpr_max, expected_draws, gbce, sampled_cross_entropy

RNG = np.random.default_rng(4)
POSITIVE = RNG.normal(size=5)
NEGATIVE = RNG.normal(size=(5, 7))
SAME = np.zeros((5, 7), np.bool_)
GIVEN = (torch.from_numpy(POSITIVE), torch.from_numpy(NEGATIVE), torch.from_numpy(SAME))


def sigmoid(value: float) -> float:
    return 1.0 / (1.0 + math.exp(-value))


def others(row: int) -> list[float]:
    """Scores of the negatives of a prediction that are not its positive."""
    return [float(NEGATIVE[row, at]) for at in range(7) if not SAME[row, at]]


def test_sampled_cross_entropy_is_its_formula() -> None:
    log_q_positive, log_q_negative = RNG.normal(size=5), RNG.normal(size=7)
    total = 0.0
    for row in range(5):
        own = math.exp(POSITIVE[row] - log_q_positive[row])
        rest = sum(math.exp(NEGATIVE[row, at] - log_q_negative[at]) for at in range(7) if not SAME[row, at])
        total -= math.log(own / (own + rest)) / 5
    found = sampled_cross_entropy(*GIVEN, torch.from_numpy(log_q_positive), torch.from_numpy(log_q_negative))
    assert float(found) == pytest.approx(total, rel=1e-9)


def test_sampled_cross_entropy_of_every_item_once_is_the_softmax() -> None:
    scores = torch.from_numpy(NEGATIVE)
    target = torch.tensor([0, 6, 3, 3, 1])
    same = torch.arange(7) == target[:, None]
    found = sampled_cross_entropy(scores[torch.arange(5), target], scores, same, torch.zeros(5), torch.zeros(7))
    assert float(found) == pytest.approx(float(torch.nn.functional.cross_entropy(scores, target)), rel=1e-9)


def test_sampled_cross_entropy_of_many_draws_nears_the_softmax() -> None:
    """Contract: logQ takes out that frequent items are drawn more often; without it the error stays."""
    items, draws = 50, 200_000
    scores = torch.from_numpy(RNG.normal(size=(1, items)))
    counts = torch.from_numpy(RNG.integers(1, 1_000, items).astype(np.float64))
    cumulative, log_q = expected_draws(counts, 0.75, draws)
    which = torch.searchsorted(cumulative, torch.from_numpy(RNG.random(draws)))
    exact = float(torch.nn.functional.cross_entropy(scores, torch.tensor([3])))
    same = (which == 3)[None]
    found = float(sampled_cross_entropy(scores[:, 3], scores[:, which], same, log_q[[3]] * 0, log_q[which]))
    assert found == pytest.approx(exact, abs=0.02)


def test_bpr_max_is_its_formula() -> None:
    total = 0.0
    for row in range(5):
        weights = [math.exp(score) for score in others(row)]
        shares = [weight / sum(weights) for weight in weights]
        better = sum(s * sigmoid(POSITIVE[row] - r) for s, r in zip(shares, others(row), strict=True))
        penalty = sum(s * r * r for s, r in zip(shares, others(row), strict=True))
        total += (-math.log(better) + 1.0 * penalty) / 5
    assert float(bpr_max(*GIVEN)) == pytest.approx(total, rel=1e-9)


def test_gbce_is_its_formula() -> None:
    share = 7 / (100 - 1)
    beta = share * (0.75 * (1 - 1 / share) + 1 / share)
    total = 0.0
    for row in range(5):
        total -= beta * math.log(sigmoid(POSITIVE[row])) / 5
        total -= sum(math.log(1.0 - sigmoid(score)) for score in others(row)) / 5
    assert float(gbce(*GIVEN, items=100)) == pytest.approx(total, rel=1e-9)
