"""A log of feedback on a few activities, of which one was never shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tests.support.core_world import activity
from tideline.udfs.core.context import DIM
from tideline.udfs.core.learning.learning import Decay
from tideline.udfs.core.policies.regression import Regression, Sharing
from tideline.udfs.core.rewards.feedback import ROWS

if TYPE_CHECKING:
    from numpy.typing import NDArray

NEVER = Decay(0)


HOW = Regression(3.0, Sharing.HYBRID, 2.0)


ACTIVITIES = [
    activity(f"a{number}", kind=kind, categories=names)
    for number, (kind, names) in enumerate(
        [("coupon", ("tea",)), ("coupon", ("tea", "milk")), ("banner", ("wine",)), ("event", ()), ("coupon", ("milk",))]
    )
]


SEEN = 4
"""The last activity was never shown."""


class Log(NamedTuple):
    """Rows of feedback and the number of the activity of each."""

    rows: NDArray[Any]
    arm: NDArray[np.int64]


def make_log(count: int, seed: int) -> Log:
    rng = np.random.default_rng(seed)
    rows = np.zeros(count, ROWS)
    rows["x"] = np.clip(np.rint(rng.normal(size=(count, DIM)) * 25), -127, 127).astype(np.int8)
    rows["x"][:, 0] = 90
    rows["impressions"], rows["clicks"] = 1, rng.random(count) < 0.3
    rows["conversions"] = rows["clicks"] * (rng.random(count) < 0.3)
    rows["revenue_milli"] = rows["conversions"] * rng.integers(100, 900, count)
    return Log(rows, rng.integers(0, SEEN, count))
