"""LinUCB with a shared part: the disjoint policy's scores on rows that are solved otherwise."""

from __future__ import annotations

import pytest

from tests.support.policy_rows import CLICKS_ONLY, contexts, learned, score
from tideline.schemas.errors import ConfigError
from tideline.udfs.core.policies.by_name import make_policy
from tideline.udfs.core.policies.policy_table import stack
from tideline.udfs.core.policies.regression import Regression, Sharing


def test_it_scores_rows_as_linucb_does() -> None:
    """Contract: what is shared stands in the row, so the same row has the same score."""
    known, x = stack(learned(7, 1)[0], CLICKS_ONLY), contexts(20, 2)
    assert (score("linucb_hybrid", 0.4, x, known) == score("linucb", 0.4, x, known)).all()


def test_it_asks_for_rows_with_a_shared_part() -> None:
    assert make_policy("linucb_hybrid").regression == Regression(10.0, Sharing.HYBRID, 0.25)
    assert make_policy("linucb_hybrid:ridge=2,shared_ridge=3").regression == Regression(2.0, Sharing.HYBRID, 3.0)


def test_an_inverse_that_would_not_fit_its_fixed_point_is_refused() -> None:
    """Contract: 1 / ridge + 1 / shared_ridge stays below 8."""
    with pytest.raises(ConfigError, match=r"numbers from 0\.25 to"):
        make_policy("linucb_hybrid:shared_ridge=0.1")
