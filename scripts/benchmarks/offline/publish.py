"""What a publication costs: of some or all of many known activities, batched and one at a time."""

from __future__ import annotations

from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from tideline.udfs.core.learning.knowledge import Knowledge
from tideline.udfs.core.learning.learning import Decay
from tideline.udfs.core.learning.publication import publication, published
from tideline.udfs.core.policies.arm_key import ArmKey
from tideline.udfs.core.policies.policy_table import encode_row
from tideline.udfs.core.policies.regression import Regression, Sharing
from tideline.udfs.core.rewards.feedback import ROWS

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

_DAY_MS = 86_400_000
_START_MS = 1_700_000_000_000
_HALF_LIFE = Decay(28 * _DAY_MS)
_HOW = Regression(2.0, Sharing.NONE)
_WEEKS = 8
_ROWS_EACH = 10
_ONE_BY_ONE = 200


def measure(known: int, changed: int, repeats: int) -> dict[str, Any]:
    """Return milliseconds, medians of some repeats, to learn feedback about activities and to publish their rows.

    `known` activities have eight weeks of feedback behind them. The baseline solves each row alone, from all sums.
    """
    ids = [f"a{number:06}" for number in range(known)]
    knowledge = Knowledge({}, _HALF_LIFE)
    for week in range(_WEEKS):
        knowledge.learn(ids, _feedback(week, np.arange(known), week))
    found: dict[str, Any] = {"known": known, "buckets_each": _WEEKS}
    for name, count in (("all", known), ("some", changed)):
        learning, publishing = [], []
        for at in range(repeats):
            rows = _feedback(100 + at, np.random.default_rng(at).permutation(known)[:count], _WEEKS)
            started = perf_counter()
            renewed = sorted(knowledge.learn(ids, rows).rows)
            learning.append(perf_counter() - started)
            publishing.append(_seconds(partial(_records, knowledge, renewed)))
        found[name] = {"changed": count, "learn_ms": _ms(learning), "publish_ms": _ms(publishing)}
    arms = [ArmKey(1, name) for name in ids[:_ONE_BY_ONE]]
    alone = [_seconds(partial(_records, knowledge, [arm])) for arm in arms]
    found["one_at_a_time_ms"] = round(1000 * float(np.median(alone)) * known, 1)
    anew = _seconds(partial(publication, knowledge.sums, arms, _HALF_LIFE, knowledge.newest, _HOW))
    found["from_all_sums_ms"] = round(1000 * anew, 1)
    return found


def _records(knowledge: Knowledge, arms: list[ArmKey]) -> list[bytes]:
    return [encode_row(row, name) for name, row in published(knowledge, arms, _HOW)]


def _feedback(seed: int, activities: NDArray[np.int64], week: int) -> NDArray[Any]:
    rng = np.random.default_rng(seed)
    rows = np.zeros(activities.size * _ROWS_EACH, ROWS)
    rows["activity"], rows["encoder"] = np.repeat(activities, _ROWS_EACH), 1
    rows["x"] = (rng.normal(size=(rows.size, 16)) * 25).clip(-127, 127).astype(np.int8)
    rows["x"][:, 0] = 90
    rows["ts_ms"] = _START_MS + week * 7 * _DAY_MS + rng.integers(0, 7 * _DAY_MS, rows.size)
    rows["impressions"], rows["clicks"] = 1, rng.random(rows.size) < 0.05
    rows["conversions"] = rows["clicks"] * (rng.random(rows.size) < 0.1)
    rows["revenue_milli"] = rows["conversions"] * np.int64(19_990)
    return rows


def _seconds(work: Callable[[], object]) -> float:
    started = perf_counter()
    work()
    return perf_counter() - started


def _ms(seconds: list[float]) -> float:
    return round(1000 * float(np.median(seconds)), 1)
