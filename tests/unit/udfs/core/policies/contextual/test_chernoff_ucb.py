"""The article's bonus, smoothed and as it is written."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.support.policy_rows import CLICKS_ONLY, contexts, row_of, score, seeds_of
from tideline.udfs.core.context import DIM
from tideline.udfs.core.policies.base import Contexts
from tideline.udfs.core.policies.by_name import make_policy
from tideline.udfs.core.policies.policy_table import cold_row, stack


def test_the_articles_bonus_is_the_hand_computed_one() -> None:
    """Contract: n=200, C=6, t=1000, K=10: q = 7/202, sqrt(2 q ln 10000 / 202) = 0.056213..."""
    known = stack([row_of(np.zeros(DIM), np.eye(DIM), 200, 6, 1000)], CLICKS_ONLY)
    expected = math.sqrt(2 * (7 / 202) * 9.210340371976184 / 202)
    assert expected == pytest.approx(0.0562, abs=1e-4)
    assert score("chernoff_ucb", 1.0, contexts(1, 1), known, eligible=10)[0, 0] == pytest.approx(expected, rel=1e-12)


def test_the_articles_text_is_the_bernoulli_width() -> None:
    """Contract: sqrt(2 ln(Kt)/C) C/n = sqrt(2 p ln(Kt)/n) = 0.0525652 for n=200, C=6; smoothing tends to it."""
    literal = math.sqrt(2 * math.log(10_000) / 6) * 6 / 200
    assert literal == pytest.approx(math.sqrt(2 * 0.03 * math.log(10_000) / 200), rel=1e-12)
    assert literal == pytest.approx(0.052565218, abs=1e-9)
    rows = [row_of(np.zeros(DIM), np.eye(DIM), 200 * s, 6 * s, 1000) for s in (1, 100, 10_000)]
    found = score("chernoff_ucb", 1.0, contexts(1, 1), stack(rows, CLICKS_ONLY), eligible=10)[0]
    ratios = found / (literal / np.sqrt([1, 100, 10_000]))
    assert (np.diff(np.abs(ratios - 1)) < 0).all()
    assert ratios[-1] == pytest.approx(1.0, abs=1e-4)


def test_the_articles_bonus_is_finite_before_anything_happened() -> None:
    known = stack([cold_row()], CLICKS_ONLY)
    assert score("chernoff_ucb", 1.0, contexts(1, 1), known, eligible=1)[0, 0] == 0.0
    assert score("chernoff_ucb", 1.0, contexts(1, 1), known, eligible=10)[0, 0] == pytest.approx(
        math.sqrt(math.log(10) / 2)
    )


def test_the_articles_text_locks_out_what_was_not_clicked_at_first() -> None:
    """Contract: with `literal` the bonus is sqrt(2 ln(K t) / C) C / n, infinite before the first impression, else 0."""
    rows = [row_of(np.zeros(DIM), np.eye(DIM), n, c, 1000) for n, c in ((0, 0), (10, 0), (200, 6))]
    policy = make_policy("chernoff_ucb:literal=1")
    found = policy.score(Contexts(contexts(1, 1)), stack(rows, CLICKS_ONLY), np.array([10]), seeds_of(1)).bonus[0]
    assert found[:2].tolist() == [math.inf, 0.0]
    assert found[2] == pytest.approx(0.052565218, abs=5e-10)
