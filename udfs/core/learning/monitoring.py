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
    from collections.abc import Iterable, Mapping, Sequence

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

    def see(self, rows_of: Mapping[ArmKey, NDArray[Any]]) -> Clicks:
        """Return expected and seen clicks of feedback (dtype ROWS) by arm, none of an arm before it has a row."""
        those = [(arm, rows) for arm, rows in rows_of.items() if arm in self._theta and rows.size]
        if not those:
            return Clicks()
        every = _joined([rows for _, rows in those])
        x, z = every["x"].astype(np.float64), pair_numbers(every["pair"]).astype(np.float64)
        looked_at = every["impressions"] * (1.0 - every["examination_discount"] / IMPRESSION_UNIT)
        days, clicks = every["ts_ms"] // _DAY_MS, every["clicks"].astype(np.int64)
        total, end = Clicks(), 0
        for arm, rows in those:
            here = slice(end, end := end + rows.size)
            rates = x[here] @ self._theta[arm]
            if arm.encoder in self._of_pairs:
                rates += z[here] @ self._of_pairs[arm.encoder]
            total = total.with_more(self._seen(days[here], looked_at[here] * rates, clicks[here]))
        return total

    def _seen(self, days: NDArray[np.int64], expected: NDArray[np.float64], clicks: NDArray[np.int64]) -> Clicks:
        whole = Clicks(float(expected.sum()), float(clicks.sum()))
        if (days == days[0]).all():
            self._add(int(days[0]), whole)
            return whole
        for day in np.unique(days).tolist():
            here = days == day
            self._add(day, Clicks(float(expected[here].sum()), float(clicks[here].sum())))
        return whole

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


def _joined(parts: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """Return rows one behind the other, as bytes: numpy joins records field by field, 60 us each."""
    return np.concatenate([np.ascontiguousarray(rows).view(np.uint8) for rows in parts]).view(parts[0].dtype)


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
