"""What the learner tells of itself while it learns."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.support.core_world import DAY_MS, NOON_MS, activity, make_ranker
from tideline.udfs.core.fixed_point import THETA_UNIT, X_UNIT
from tideline.udfs.core.learning.learning import NO_SUMS, Decay, add
from tideline.udfs.core.learning.monitoring import ALARM_AT, Clicks, Watch, entropy
from tideline.udfs.core.learning.publication import publication
from tideline.udfs.core.policies.arm_key import ArmKey
from tideline.udfs.core.policies.policy_table import cold_row
from tideline.udfs.core.policies.regression import Regression, Sharing
from tideline.udfs.core.rewards.feedback import ROWS


def shown(count: int, rate: float, day: int, examination_discount: int = 0, seed: int = 1) -> NDArray[Any]:
    rng = np.random.default_rng(seed + day)
    rows = np.zeros(count, ROWS)
    rows["impressions"], rows["x"][:, 0], rows["ts_ms"], rows["examination_discount"] = (
        1,
        90,
        day * DAY_MS + 5,
        examination_discount,
    )
    rows["clicks"] = rng.random(count) < rate * (1 - examination_discount / 100)
    return rows


def watching(rate: float) -> Watch:
    """A watch that knows activity a, published with this click rate."""
    watch = Watch()
    theta = np.zeros_like(cold_row().theta)
    theta[0, 0] = round(rate / (90 * X_UNIT * THETA_UNIT))
    watch.published([("a", cold_row()._replace(encoder=3, theta=theta))])
    return watch


def test_predictions_are_those_of_the_rows_that_were_published() -> None:
    """Contract: expected at their places; nothing is said of an activity without a row; rows learned are right."""
    watch = watching(0.2)
    rows = shown(1_000, 0.2, 1, examination_discount=40)
    assert watch.see({ArmKey(3, "a"): rows}) == pytest.approx((120.0, rows["clicks"].sum()))
    assert watch.see({ArmKey(3, "b"): rows}) == watch.see({ArmKey(4, "a"): rows}) == Clicks()
    watch.published(publication({ArmKey(3, "b"): add(NO_SUMS, rows, Decay(0))}, [ArmKey(3, "b")], Decay(0), 0))
    assert watch.see({ArmKey(3, "b"): rows}).predicted == pytest.approx(rows["clicks"].sum(), rel=0.01)


def test_what_pairs_foretell_is_expected_too() -> None:
    """Contract: of rows solved by pairs the prediction is z'w + x'r: right of those it was learned from, by kind."""
    watch, rows = Watch(), shown(4_000, 0.2, 1)
    rows["pair"] = np.where(np.arange(4_000) % 2, 0xFFFFC0, 0)
    rows["clicks"] &= np.arange(4_000) % 2 == 1
    sums = {ArmKey(3, "a"): add(NO_SUMS, rows, Decay(0))}
    watch.published(publication(sums, [ArmKey(3, "a")], Decay(0), 0, Regression(sharing=Sharing.PAIRS)))
    for kind in (0, 1):
        found = watch.see({ArmKey(3, "a"): rows[kind::2]})
        assert found.predicted == pytest.approx(rows["clicks"][kind::2].sum(), abs=30)


def test_arms_that_are_seen_together_are_seen_as_one_after_the_other() -> None:
    """Contract: to the bit, on one day and on several: what monitors show does not depend on what else there is."""
    sums = {ArmKey(3, name): add(NO_SUMS, shown(500, rate, 1), Decay(0)) for name, rate in (("a", 0.1), ("b", 0.3))}
    rows = publication(sums, list(sums), Decay(0), 0, Regression(sharing=Sharing.PAIRS))
    some = {ArmKey(3, name): shown(700, 0.2, 3) for name in ("a", "b", "unknown")}
    some[ArmKey(3, "b")]["ts_ms"][::3] += DAY_MS
    together, alone = Watch(), Watch()
    together.published(rows)
    alone.published(rows)
    expected = Clicks()
    for arm, each in some.items():
        expected = expected.with_more(alone.see({arm: each}))
    assert together.see(some) == expected
    assert expected.seen > 0.0
    assert together.drift() == alone.drift()


def test_what_is_taken_back_is_taken_back() -> None:
    watch, rows = watching(0.2), shown(500, 0.2, 1)
    back = rows.copy()
    back["impressions"], back["clicks"] = -1, -rows["clicks"]
    assert watch.see({ArmKey(3, "a"): rows}).with_more(watch.see({ArmKey(3, "a"): back})) == pytest.approx(
        (0.0, 0.0), abs=1e-9
    )


def test_drift_is_told_against_predictions_by_day_of_event_time() -> None:
    """Contract: a steady bias is none, a change today is; late feedback counts for the day of its impression."""
    watch = watching(0.1)
    for day in range(5):
        watch.see({ArmKey(3, "a"): shown(4_000, 0.13, day)})
    assert abs(watch.drift()) < ALARM_AT
    watch.see({ArmKey(3, "a"): shown(4_000, 0.2, 5)})
    assert watch.drift() > ALARM_AT
    watch.see({ArmKey(3, "a"): shown(40_000, 0.2, 4)})
    assert watch.drift() < ALARM_AT


def test_too_few_clicks_are_no_drift() -> None:
    watch = watching(0.1)
    assert watch.drift() == 0.0
    watch.see({ArmKey(3, "a"): shown(4_000, 0.1, 0)})
    watch.see({ArmKey(3, "a"): shown(100, 0.9, 1)})
    assert watch.drift() == 0.0


def test_entropy_is_that_of_the_shares() -> None:
    assert entropy({"a": 3.0, "b": 3.0, "c": 0.0}) == pytest.approx(np.log(2))
    assert entropy({"a": 5.0}) == entropy({}) == 0.0


def test_cold_are_the_running_activities_that_were_hardly_shown() -> None:
    ranker = make_ranker([activity("a"), activity("b"), activity("c", status="paused")])
    assert ranker.cold(NOON_MS) == 2
    ranker = ranker.with_row("a", cold_row()._replace(version=1, encoder=3, impressions=100.0))
    assert ranker.cold(NOON_MS) == 1
    assert ranker.cold(NOON_MS + 2 * DAY_MS) == 0
