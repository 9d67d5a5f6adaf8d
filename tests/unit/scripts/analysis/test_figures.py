"""The figures of a report."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tideline.scripts.analysis.figures import DecisionLog, calibration, drift, exploration, list_quality, places

HOUR_MS = 3_600_000


def log(rows: list[dict[str, Any]]) -> DecisionLog:
    """A log of rows with what a test does not care about filled in."""
    given = [{"user": 0, "list": at, "position": 0, "ts_ms": at, "action": 0, "click": 0, "explored": False,
              "predicted": 0.1, "reward": 0.0} | row for at, row in enumerate(rows)]  # fmt: skip

    def column(name: str, kind: type) -> Any:
        return np.array([row[name] for row in given], kind)

    none = np.zeros(len(rows))
    return DecisionLog(
        user=column("user", np.int64), shown_list=column("list", np.int64), position=column("position", np.int64),
        ts_ms=column("ts_ms", np.int64), action=column("action", np.int64), actions=("a", "b", "c", "d"), groups={},
        click=column("click", np.float64), conversion=none, revenue=none, explored=column("explored", np.bool_),
        propensity=none + np.nan, eligible=none.astype(np.int64) + 4, ruled=none > 0,
        mature=np.ones(len(rows), np.bool_), predicted=column("predicted", np.float64),
        reward=column("reward", np.float64),
    )  # fmt: skip


def test_lists_are_judged_by_the_clicks_that_follow() -> None:
    """Contract: by hand: list 0 shows a, b; its user clicks b there, c an hour later, d after the stretch of time."""
    found = log([
        {"list": 0, "action": 0}, {"list": 0, "action": 1, "position": 1, "click": 1},
        {"list": 1, "action": 2, "ts_ms": HOUR_MS, "click": 1},
        {"list": 2, "action": 3, "ts_ms": 25 * HOUR_MS, "click": 1},
        {"list": 3, "user": 1, "action": 2, "ts_ms": 26 * HOUR_MS},
    ])  # fmt: skip
    first = np.array([True, True, False, False, False])
    ideal = 1 + 1 / np.log2(3)
    assert list_quality(found, first, days=1.0) == {
        "precision": 0.5, "hit_rate": 1.0, "recall": 0.5, "ndcg": pytest.approx((1 / np.log2(3)) / ideal, abs=1e-6),
    }  # fmt: skip
    assert list_quality(found, np.arange(5) == 4, days=1.0) == {
        "precision": 0.0, "hit_rate": 0.0, "recall": None, "ndcg": None,
    }  # fmt: skip


def test_calibration_compares_what_was_expected_with_what_came() -> None:
    """Contract: predictions that are right have a distance near 0, ones that are double have their own size / 2."""
    rng = np.random.default_rng(1)
    truth = rng.uniform(0.02, 0.2, 20_000)
    rewards = (rng.random(20_000) < truth).astype(float)
    right = [{"predicted": p, "reward": r} for p, r in zip(truth.tolist(), rewards.tolist(), strict=True)]
    double = [{**row, "predicted": 2 * row["predicted"]} for row in right]
    assert calibration(log(right))["error"] < 0.01
    assert calibration(log(double))["error"] == pytest.approx(truth.mean(), rel=0.1)


def test_drift_is_alarmed_only_when_the_newest_time_differs() -> None:
    rng = np.random.default_rng(2)

    def shown(newest: float) -> DecisionLog:
        rates = np.where(np.arange(20_000) > 18_000, newest, 0.05)
        clicks = rng.random(20_000) < rates
        return log([{"user": at % 997, "click": float(c), "predicted": 0.05, "reward": float(c)}
                    for at, c in enumerate(clicks.tolist())])  # fmt: skip

    assert not drift(shown(0.05))["alarm"]
    assert drift(shown(0.15))["alarm"]


def test_places_are_not_told_from_lists_in_which_a_rule_had_a_say() -> None:
    """Contract: the order of two neighbours decides what may follow them, so their swaps say nothing of places."""
    rng = np.random.default_rng(3)
    shown = [{"list": at // 2, "user": at // 2, "position": at % 2, "action": at % 2 ^ int(at % 4 > 1),
              "click": int(rng.random() < 0.3)} for at in range(4_000)]  # fmt: skip
    free = log(shown)._replace(eligible=np.full(4_000, 3), propensity=np.tile([1 / 3, 1 / 2], 2_000))
    swaps = [places(free._replace(ruled=np.full(4_000, ruled > 0)))["places"][0]["swaps_with_next"] for ruled in (0, 1)]
    assert swaps[0] > 0 == swaps[1]


def test_exploration_names_what_was_hardly_shown() -> None:
    found = exploration(log([{"action": at % 2, "explored": at < 30} for at in range(300)]))
    assert (found["explored_share"], found["cold"]) == (0.1, ["c", "d"])
    assert found["selection_entropy"] == pytest.approx(np.log(2), abs=1e-4)
