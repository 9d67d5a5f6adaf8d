"""Scores in steps: whole numbers that keep the order."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tideline.udfs.core.policies.base import STEPS, in_steps


@given(st.lists(st.floats(-1e23, 1e23), min_size=2, max_size=30))
def test_steps_keep_the_order_of_scores(scores: list[float]) -> None:
    """Contract: whole numbers that a sort key has room for; apart wherever the scores are by 1e-9 and 1e-11 of them."""
    found = in_steps(np.array(scores))
    assert (np.abs(found) <= STEPS).all()
    assert (found == np.rint(found)).all()
    order = np.argsort(scores, kind="stable")
    steps = found[order]
    assert (np.diff(steps) >= 0).all()
    ordered = np.array(scores)[order]
    apart = np.diff(ordered) > np.maximum(3e-9, 1e-11 * np.abs(ordered[1:]) + 1e-11 * np.abs(ordered[:-1]))
    assert (np.diff(steps)[apart] > 0).all()


def test_scores_of_today_keep_their_steps() -> None:
    scores = np.array([0.0, 1.5, -3.25, 32_767.0, np.inf, -np.inf])
    assert in_steps(scores.copy())[:4].tolist() == (scores[:4] * 2.0**30).tolist()
    assert in_steps(scores.copy())[4:].tolist() == [STEPS, -STEPS]
