"""When visitors come: drawn from the times of their own shopping.

Each basket that a household bought in the period makes `VISITS_PER_BASKET` visits of the shop's app: on the day of the
basket, the day before or the day after, at the basket's time of day give or take `SPREAD_MS`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tideline.schemas.events import EventType

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tideline.models.prepare.completejourney import Columns

VISITS_PER_BASKET = 3
SPREAD_MS = 2 * 3_600_000

_DAY_MS = 86_400_000


class Visit(NamedTuple):
    """One visit of one household."""

    number: int
    """Its place in the plan; what is drawn at the visit is seeded with it."""
    household: int
    """Row of the household."""
    ts_ms: int


def plan_visits(
    cols: Columns, rows: slice, households: NDArray[np.int64], edges_ms: NDArray[np.int64], seed: int
) -> list[tuple[Visit, ...]]:
    """Return the visits of each slice between two edges, by time, at most one for each household and slice.

    `rows` are the rows of `cols` whose baskets make visits, `households` all household numbers, ascending.
    """
    household, till_ms = _baskets(cols, rows, households)
    random = np.random.default_rng([seed, 1])
    size = (till_ms.size, VISITS_PER_BASKET)
    shift_ms = random.integers(-1, 2, size) * _DAY_MS + random.integers(-SPREAD_MS, SPREAD_MS + 1, size)
    ts_ms = (till_ms[:, None] + shift_ms).ravel()
    household = household.repeat(VISITS_PER_BASKET)

    order = np.lexsort((household, ts_ms))
    ts_ms, household = ts_ms[order], household[order]
    at = np.searchsorted(edges_ms, ts_ms, side="right") - 1
    inside = (at >= 0) & (at < edges_ms.size - 1)
    first = np.zeros(at.size, dtype=np.bool_)
    first[np.unique(household * (edges_ms.size + 1) + at, return_index=True)[1]] = True
    planned: list[list[Visit]] = [[] for _ in range(edges_ms.size - 1)]
    for number, row in enumerate(np.flatnonzero(inside & first).tolist()):
        planned[at[row]].append(Visit(number, int(household[row]), int(ts_ms[row])))
    return [tuple(visits) for visits in planned]


def _baskets(cols: Columns, rows: slice, households: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return household row and time of the first line of each basket."""
    bought = np.flatnonzero(cols.type[rows] == EventType.PURCHASE)
    _, first = np.unique(cols.basket[rows][bought], return_index=True)
    lines = bought[first]
    return np.searchsorted(households, cols.user[rows][lines]), cols.ts_ms[rows][lines]
