"""Decision points of pushes, drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tideline.udfs.core.context import CONSTANT_X, DIM
from tideline.udfs.core.push.effect_sums import PUSH_ROWS
from tideline.udfs.core.push.learned.push_feedback import PUSH_FEEDBACK

if TYPE_CHECKING:
    from numpy.typing import NDArray


def push_rows(count: int, seed: int, span_ms: int = 1) -> NDArray[Any]:
    """Return decision points [count] of so long a time, whole ones and what came of them later alike."""
    random = np.random.default_rng(seed)
    rows = np.zeros(count, PUSH_ROWS)
    rows["ts_ms"] = 1_700_000_000_000 + random.integers(0, span_ms, count)
    rows["x"] = random.integers(-127, 128, (count, DIM))
    rows["x"][:, 0] = CONSTANT_X
    rows["recent"], rows["chance"] = random.integers(0, 12, count), random.integers(1, 256, count)
    rows["sent"], rows["value"] = random.integers(0, 2, count), random.integers(0, 256, count)
    rows["decisions"], rows["unsubscribed"] = random.integers(0, 2, count), random.integers(-1, 2, count)
    rows["rewards"] = random.integers(-(10**6), 10**6, (count, 3))
    return rows


def told_rows(count: int, seed: int, span_ms: int = 1) -> NDArray[Any]:
    """Return decision points as the learner is told of them: some are not learned from."""
    found = np.zeros(count, PUSH_FEEDBACK)
    for name in PUSH_ROWS.names or ():
        found[name] = push_rows(count, seed, span_ms)[name]
    found["unlearned"] = np.random.default_rng(seed + 1).choice(2, count, p=[0.85, 0.15])
    return found
