"""Feedback of one activity, and the regression it stands for, worked out by least squares on the rows themselves."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tideline.udfs.core.context import DIM
from tideline.udfs.core.lags import LAG_CODES
from tideline.udfs.core.learning.learning import BUCKET, Decay
from tideline.udfs.core.learning.solving import RIDGE
from tideline.udfs.core.limits import OBJECTIVES
from tideline.udfs.core.rewards.feedback import ROWS

NEVER = Decay(0)
HALF_LIFE_MS = 4_000
FADING = Decay(HALF_LIFE_MS)
NOTHING = np.zeros(0, BUCKET)


def rows_of(count: int, seed: int, span_ms: int = 20_000) -> NDArray[Any]:
    """Feedback rows of one activity: impressions, and rewards that come in rows of their own."""
    rng = np.random.default_rng(seed)
    rows = np.zeros(count, ROWS)
    rows["x"] = (rng.normal(size=(count, DIM)) * 25).clip(-127, 127).astype(np.int8)
    rows["x"][:, 0] = 90
    rows["ts_ms"] = 1_700_000_000_000 + rng.integers(0, span_ms, count)
    rows["impressions"] = rng.random(count) < 0.8
    rows["clicks"] = rng.random(count) < 0.3
    rows["conversions"] = rng.random(count) < 0.1
    rows["lag"] = rng.integers(1, LAG_CODES, count) * rows["conversions"]
    rows["dismissals"] = rng.random(count) < 0.1
    rows["revenue_milli"] = rng.integers(-500, 10_000, count) * rows["conversions"]
    rows["examination_discount"] = rng.integers(0, 100, count)
    rows["pair"] = rng.integers(0, 1 << 24, count)
    return rows


def examined(rows: NDArray[Any]) -> NDArray[np.float64]:
    """What each row counts of an impression."""
    found: NDArray[np.float64] = rows["impressions"] * (1.0 - rows["examination_discount"] / 100.0)
    return found


def direct(rows: NDArray[Any], weights: NDArray[np.float64], prior: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weighted ridge regression by least squares on the stacked rows, [objectives, DIM]."""
    x = rows["x"] / 127.0
    rewards = np.stack([rows["clicks"], rows["conversions"], rows["revenue_milli"] / 1000.0], axis=1)
    # A reward row adds r x to the moments; as a regression it is an impression of reward r, without one of reward 0.
    shown = np.sqrt(weights * examined(rows))
    design = np.concatenate([x * shown[:, None], np.sqrt(RIDGE) * np.eye(DIM)])
    whole = x.T @ (rewards * weights[:, None])
    inside = np.concatenate([np.zeros((len(rows), len(OBJECTIVES))), np.sqrt(RIDGE) * prior.T])
    target = np.linalg.pinv(design.T) @ whole + inside
    found: NDArray[np.float64] = np.linalg.lstsq(design, target, rcond=None)[0].T
    return found
