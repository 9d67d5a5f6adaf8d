"""What the learner can tell of itself while it learns: predicted against seen clicks, drift, spread of what is shown.

The clicks of a publish interval are compared with what the rows published before it expected of the same impressions,
at their places, so no prediction has seen what it is compared with. Only numbers for a monitor: they are kept in
memory, and begin anew when the learner is restarted.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tideline.udfs.core.fixed_point import THETA_UNIT, X_UNIT
from tideline.udfs.core.learning.learning import IMPRESSION_UNIT
from tideline.udfs.core.pairs.pair_numbers import pair_numbers
from tideline.udfs.core.policies.arm_key import ArmKey

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from tideline.udfs.core.policies.policy_table import PolicyRow

COLD_BELOW = 100
"""Impressions below which little can be known of an activity."""
ALARM_AT = 4.0
"""Standard errors by which the newest stretch of time must differ to raise the alarm; by chance once in 16,000."""
_DAY_MS = 86_400_000
_LEAST_CLICKS = 30.0


class Clicks(NamedTuple):
    """Clicks as expected, and as they came."""

    predicted: float = 0.0
    seen: float = 0.0

    def with_more(self, more: Clicks) -> Clicks:
        """Return the sum."""
        return Clicks(self.predicted + more.predicted, self.seen + more.seen)


class Watch:
    """Follows what was published and what came of it."""

    def __init__(self) -> None:
        self._theta: dict[ArmKey, NDArray[np.float64]] = {}
        self._of_pairs: dict[int, NDArray[np.float64]] = {}
        """By encoder, what all pairs share."""
        self._day: int | None = None
        self._now = self._before = Clicks()

    def published(self, rows: Iterable[tuple[str, PolicyRow]]) -> None:
        """Take in the rows (activity id, row) that predictions are made with from now on."""
        for activity_id, row in rows:
            self._theta[ArmKey(row.encoder, activity_id)] = row.theta[0] * (THETA_UNIT * X_UNIT)
            if row.pairs is not None:
                self._of_pairs[row.encoder] = row.pairs.theta * (THETA_UNIT * X_UNIT)

    def see(self, arm: ArmKey, rows: NDArray[Any]) -> Clicks:
        """Return expected and seen clicks of feedback (dtype ROWS) of an arm, none before it has a row."""
        theta = self._theta.get(arm)
        if theta is None:
            return Clicks()
        looked_at = rows["impressions"] * (1.0 - rows["examination_discount"] / IMPRESSION_UNIT)
        rates = rows["x"].astype(np.float64) @ theta
        if arm.encoder in self._of_pairs:
            rates += pair_numbers(rows["pair"]) @ self._of_pairs[arm.encoder]
        expected = looked_at * rates
        days = rows["ts_ms"] // _DAY_MS
        for day in np.unique(days).tolist():
            here = days == day
            self._add(day, Clicks(float(expected[here].sum()), float(rows["clicks"][here].sum())))
        return Clicks(float(expected.sum()), float(rows["clicks"].sum()))

    def _add(self, day: int, clicks: Clicks) -> None:
        if self._day is None or day > self._day:
            self._before, self._now, self._day = self._before.with_more(self._now), Clicks(), day
        if day == self._day:
            self._now = self._now.with_more(clicks)
        else:
            self._before = self._before.with_more(clicks)

    def drift(self) -> float:
        """Return by how many standard errors seen over predicted differs on the newest day of event time from before.

        0 while one of the two has fewer than 30 clicks on either side; clicks count as independent events.
        """
        if min(*self._now, *self._before) < _LEAST_CLICKS:
            return 0.0
        now, before = self._now.seen / self._now.predicted, self._before.seen / self._before.predicted
        spread = math.sqrt(now / self._now.predicted + before / self._before.predicted)
        return (now - before) / spread


def entropy(impressions: Mapping[str, float]) -> float:
    """Return the entropy, in nats, of which activity is shown, from the impressions by activity; 0 of none.

    >>> round(entropy({"a": 5.0, "b": 5.0}), 3)
    0.693
    """
    counts = np.array([count for count in impressions.values() if count > 0.0])
    if not counts.size:
        return 0.0
    shares = counts / counts.sum()
    return -float((shares * np.log(shares)).sum())
