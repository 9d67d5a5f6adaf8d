"""Policy rows solved from sums, many at once: the same bits as one at a time.

Functions take one activity's numbers or those of K activities, which have a leading axis then.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tideline.udfs.core.context import CONSTANT_X, DIM
from tideline.udfs.core.fixed_point import INVERSE_UNIT, THETA_UNIT, X_UNIT
from tideline.udfs.core.learning.learning import IMPRESSION_UNIT, MOMENTS, NUMBERS, OF_PAIRS, as_rows, merge
from tideline.udfs.core.limits import OBJECTIVES
from tideline.udfs.core.policies.policy_table import PAIRS, THETA_LIMIT, UPPER, PolicyRow

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from tideline.udfs.core.learning.learning import Decay

RIDGE = 1.0
MAX_CARRIED_IMPRESSIONS = 200.0
"""At most so many impressions does what was learned under other encoder versions weigh as."""
_UNITS = np.array([1.0, 1.0, 0.001])
_CONSTANT = CONSTANT_X * X_UNIT
_AT_ONCE = 8_192


class Counts(NamedTuple):
    """Weighted impressions and rewards [..., objectives], revenue in whole units."""

    impressions: Any
    rewards: NDArray[np.float64]


NO_COUNTS = Counts(0.0, np.zeros(len(OBJECTIVES)))


class Evidence(NamedTuple):
    """What sums say: design sum w x x' [..., DIM, DIM] and moments sum w r x [..., objectives, DIM], and the counts."""

    design: NDArray[np.float64]
    moments: NDArray[np.float64]
    counts: Counts
    carried: Counts


class Solved(NamedTuple):
    """A ridge solution: theta [..., objectives, DIM], inverse design matrix [..., DIM, DIM], own and carried counts."""

    theta: NDArray[np.float64]
    inverse: NDArray[np.float64]
    counts: Counts
    carried: Counts


def whole_of(sums: NDArray[Any]) -> NDArray[np.int64]:
    """Return the numbers of all buckets together, exact."""
    found: NDArray[np.int64] = as_rows(sums).sum(axis=0)
    return found


def decayed_numbers(every: Sequence[NDArray[Any]], decay: Decay, newest: int) -> NDArray[np.float64]:
    """Return the numbers of each of some sums, weighed by age [K, NUMBERS]; buckets are added as they rise."""
    found = np.zeros((len(every), NUMBERS))
    some = [at for at, sums in enumerate(every) if sums.size]
    start = 0
    while start < len(some):
        stop, size = start, 0
        while stop < len(some) and (size < _AT_ONCE or stop == start):
            size += every[some[stop]].size
            stop += 1
        part = [every[at] for at in some[start:stop]]
        numbers = np.concatenate([as_rows(sums) for sums in part])
        weights = decay.weights(numbers[:, 0], newest)
        begins = np.cumsum([0, *(sums.size for sums in part[:-1])])
        found[some[start:stop]] = np.add.reduceat(numbers * weights[:, None], begins, axis=0)
        start = stop
    return found


def counts_of(numbers: NDArray[np.float64]) -> Counts:
    """Return the counts in weighed numbers [..., NUMBERS]."""
    return Counts(numbers[..., 1] / IMPRESSION_UNIT, numbers[..., 3 : 3 + len(OBJECTIVES)] * _UNITS)


def count(parts: Iterable[NDArray[Any]], decay: Decay, newest: int) -> Counts:
    """Return what several sums of any encoder versions count together; the order of the parts leaves no trace."""
    return counts_of(decayed_numbers([merge(parts)], decay, newest)[0])


def evidence(sums: NDArray[Any], decay: Decay, newest: int, carried: Counts = NO_COUNTS) -> Evidence:
    """Return the sums weighed by age, and what is carried as impressions in the context of a stranger."""
    return evidence_of(decayed_numbers([sums], decay, newest)[0], carried)


def evidence_of(numbers: NDArray[np.float64], carried: Counts) -> Evidence:
    """Return weighed numbers [..., NUMBERS], and what is carried as impressions in the context s of a stranger.

    Carried counts with the mean rewards m add k s s' to the design and k m s to the moments, k = min(CARRIED, their
    impressions).
    """
    design = symmetric(numbers[..., MOMENTS - PAIRS : MOMENTS] * (X_UNIT**2 / IMPRESSION_UNIT), DIM)
    moments = numbers[..., MOMENTS:OF_PAIRS].reshape(*numbers.shape[:-1], len(OBJECTIVES), DIM)
    moments = moments * X_UNIT * _UNITS[:, None]
    impressions, weight = np.asarray(carried.impressions), carried_weight(carried)
    shown = np.where(impressions > 0.0, impressions, 1.0)
    design[..., 0, 0] += weight * _CONSTANT**2
    moments[..., 0] += (weight * _CONSTANT)[..., None] * carried.rewards / shown[..., None]
    return Evidence(design, moments, counts_of(numbers), carried)


def carried_weight(carried: Counts) -> NDArray[np.float64]:
    """Return as how many impressions what is carried weighs."""
    weight: NDArray[np.float64] = np.minimum(MAX_CARRIED_IMPRESSIONS, np.maximum(carried.impressions, 0.0))
    return weight


def symmetric(pairs: NDArray[np.float64], dim: int) -> NDArray[np.float64]:
    """Return symmetric matrices [..., dim, dim] from their upper triangles [..., dim (dim + 1) / 2]."""
    return pairs.take(_place_in_triangle(dim), axis=-1)


@cache
def _place_in_triangle(dim: int) -> NDArray[np.int64]:
    place = np.zeros((dim, dim), np.int64)
    place[np.triu_indices(dim)] = np.arange(dim * (dim + 1) // 2)
    return np.maximum(place, place.T)


def positive(designs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return design matrices [..., DIM, DIM], from those with a direction below zero what is above it.

    Sums of impressions have none (intake.py sees to it), so nothing that is sent keeps the others from being solved.
    """
    try:
        np.linalg.cholesky(designs + RIDGE / 2.0 * np.eye(DIM))
    except np.linalg.LinAlgError:
        values, vectors = np.linalg.eigh(designs)
        above = (vectors * np.maximum(values, 0.0)[..., None, :]) @ np.swapaxes(vectors, -1, -2)
        return np.where(values[..., :1, None] < 0.0, above, designs)
    return designs


def solve(found: Evidence, ridge: float = RIDGE, prior: NDArray[np.float64] | None = None) -> Solved:
    """Return the ridge regression of each objective, drawn to `prior` [..., objectives, DIM] (None: to 0).

    A = ridge I + design, theta = A^-1 (ridge prior + moments), in float64 by Cholesky.
    """
    moments = found.moments if prior is None else found.moments + ridge * prior
    factor = np.linalg.inv(np.linalg.cholesky(positive(found.design) + ridge * np.eye(DIM)))
    inverse = np.swapaxes(factor, -1, -2) @ factor
    return Solved(moments @ inverse, inverse, found.counts, found.carried)


def policy_rows(solved: Solved, encoder: int, total: float) -> list[PolicyRow]:
    """Return the rows to publish for K activities, in fixed point; `version` is set when they are read back."""
    inverse = solved.inverse * 2.0
    inverse[:, range(DIM), range(DIM)] /= 2.0
    inverses = np.rint(inverse[:, UPPER[0], UPPER[1]] / INVERSE_UNIT).astype(np.int64)
    theta = fixed(solved.theta)
    own, carried = solved.counts, solved.carried
    columns = (own.impressions.tolist(), own.rewards.tolist(), carried.impressions.tolist(), carried.rewards.tolist())
    return [
        PolicyRow(-1, encoder, impressions, total, tuple(rewards), theta[at], inverses[at], others, tuple(theirs))
        for at, (impressions, rewards, others, theirs) in enumerate(zip(*columns, strict=True))
    ]


def fixed(theta: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return theta in whole THETA_UNIT.

    >>> fixed(np.array([0.5, 1e30])).tolist() == [2**23, THETA_LIMIT]
    True
    """
    found: NDArray[np.int64] = np.rint(np.clip(theta / THETA_UNIT, -THETA_LIMIT, THETA_LIMIT)).astype(np.int64)
    return found


def policy_row(solved: Solved, encoder: int, total: float) -> PolicyRow:
    """Return the row to publish for one activity."""
    counts = (Counts(np.array([each.impressions]), each.rewards[None]) for each in (solved.counts, solved.carried))
    return policy_rows(Solved(solved.theta[None], solved.inverse[None], *counts), encoder, total)[0]


def prior_row(theta: NDArray[np.float64], ridge: float, encoder: int, total: float) -> PolicyRow:
    """Return the row for activities nobody has seen, key PRIOR_ID: the common theta with the width of no data."""
    return policy_row(Solved(theta, np.eye(DIM) / ridge, NO_COUNTS, NO_COUNTS), encoder, total)
