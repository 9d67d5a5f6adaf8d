"""Figures of a report by policy, encoder, arm, placement and activity."""

from __future__ import annotations

import numpy as np
import pytest

from tests.support.shown import ACTIONS, shown
from tideline.scripts.analysis.figures_by import list_quality, rates

HOUR_MS = 3_600_000


def test_lists_are_judged_by_the_clicks_that_follow() -> None:
    """Contract: by hand: list 0 shows a, b; its user clicks b there, c an hour later, d after the stretch of time."""
    found = shown([
        {"list": 0, "action": 0}, {"list": 0, "action": 1, "position": 1, "click": 1},
        {"list": 1, "action": 2, "ts_ms": HOUR_MS, "click": 1},
        {"list": 2, "action": 3, "ts_ms": 25 * HOUR_MS, "click": 1},
        {"list": 3, "user": 1, "action": 2, "ts_ms": 26 * HOUR_MS},
    ])  # fmt: skip
    found = found._replace(groups={"arm": np.array([0, 0, 1, 1, 2])})
    ideal = 1 + 1 / np.log2(3)
    judged = list_quality([found], {"arm": ["first", "later", "last"]}, days=1.0)["arm"]
    assert judged["first"] == {
        "precision": 0.5, "hit_rate": 1.0, "recall": 0.5, "ndcg": pytest.approx((1 / np.log2(3)) / ideal, abs=1e-6),
    }  # fmt: skip
    assert judged["last"] == {"precision": 0.0, "hit_rate": 0.0, "recall": None, "ndcg": None}


def test_rates_are_told_of_each_name_mature_rows_apart() -> None:
    """Contract: by hand; a name that no row has here is in no part of the log's, and has none."""
    log = shown([{"user": at % 3, "list": at // 2, "action": at % 2, "click": at % 4 == 0} for at in range(12)])
    found = rates([log._replace(mature=np.arange(12) < 6)], "action", ACTIONS)
    assert (found["a"]["impressions"], found["a"]["immature"], found["a"]["lists"]) == (6, 3, 6)
    assert (found["a"]["ctr"], found["a"]["ctr_mature"]) == (0.5, round(2 / 3, 6))
    assert (found["c"]["impressions"], found["c"]["ctr"], found["c"]["revenue_per_list"]) == (0, None, None)


def test_a_list_of_two_groups_is_judged_in_each_by_its_rows_there() -> None:
    """Contract: by hand: of three rows one is of another arm, and the click is its own."""
    log = shown([{"list": 0, "position": at, "action": at, "arm": at == 2, "click": at == 2} for at in range(3)])
    found = list_quality([log], {"arm": ["a", "b"]}, days=1.0)["arm"]
    assert (found["a"]["precision"], found["b"]["precision"], found["a"]["recall"]) == (0.0, 1.0, 0.0)
