"""Publication one activity at a time, from all sums each time: what the learner's batched one is held against."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tideline.udfs.core.context import CONSTANT_X, DIM
from tideline.udfs.core.fixed_point import INVERSE_UNIT, THETA_UNIT, X_UNIT
from tideline.udfs.core.learning.change_detection import HALVINGS, LIMIT, Changes
from tideline.udfs.core.learning.learning import BUCKETS_PER_HALF_LIFE, IMPRESSION_UNIT, NO_SUMS, Decay, forget, merge
from tideline.udfs.core.limits import OBJECTIVES
from tideline.udfs.core.policies.arm_key import PRIOR_ID, ArmKey
from tideline.udfs.core.policies.policy_table import PAIRS, UPPER, PolicyRow
from tideline.udfs.core.policies.regression import Regression, Sharing

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

RIDGE = 1.0
MAX_CARRIED_IMPRESSIONS = 200.0
_UNITS = np.array([1.0, 1.0, 0.001])
_CONSTANT = CONSTANT_X * X_UNIT
_THETA_LIMIT = 2.0**38
_UNIT = np.concatenate([np.full(PAIRS, X_UNIT**2 / IMPRESSION_UNIT), np.full(DIM, X_UNIT)])


def one_at_a_time(
    sums: Mapping[ArmKey, NDArray[Any]], arms: Sequence[ArmKey], decay: Decay, newest: int, how: Regression
) -> list[tuple[str, PolicyRow]]:
    """Return what `publication` returns, for a regression without a shared part."""
    sums = {arm: forget(each, decay, newest) for arm, each in sums.items()}
    changed = _changes(sums, decay, newest)
    rows: list[tuple[str, PolicyRow]] = []
    for encoder in sorted({arm.encoder for arm in arms}):
        own = {arm.activity_id: sums[arm] for arm in sorted(sums) if arm.encoder == encoder}
        others: dict[str, list[NDArray[Any]]] = {}
        for arm, each in sums.items():
            if arm.encoder != encoder:
                others.setdefault(arm.activity_id, []).append(each)
        when = changed.weighing(), newest
        every = [each for parts in others.values() for each in parts]
        together = _evidence(merge(own.values()), *when, _count(every, *when))
        total = together.counts.impressions + together.carried.impressions
        prior = _solve(together, how.ridge).theta if how.sharing is Sharing.PRIOR else np.zeros_like(together.moments)
        for activity in [arm.activity_id for arm in arms if arm.encoder == encoder]:
            if activity != PRIOR_ID:
                mine = changed.weighing(ArmKey(encoder, activity)), newest
                carried = _count(others.get(activity, ()), *mine)
                found = _solve(_evidence(own.get(activity, NO_SUMS), *mine, carried), how.ridge, prior)
                rows.append((activity, _policy_row(found, encoder, total)))
        start = Solved(prior, np.eye(DIM) / how.ridge, NO_COUNTS, NO_COUNTS)
        rows.append((PRIOR_ID, _policy_row(start, encoder, total)))
    return rows


class Counts(NamedTuple):
    """Weighted impressions and rewards [objectives], revenue in whole units."""

    impressions: float
    rewards: NDArray[np.float64]


NO_COUNTS = Counts(0.0, np.zeros(len(OBJECTIVES)))


class Evidence(NamedTuple):
    """What sums say: design sum w x x' [DIM, DIM], moments sum w r x [objectives, DIM], own and carried counts."""

    design: NDArray[np.float64]
    moments: NDArray[np.float64]
    counts: Counts
    carried: Counts


class Solved(NamedTuple):
    """A ridge solution: theta [objectives, DIM], inverse design matrix [DIM, DIM], own and carried counts."""

    theta: NDArray[np.float64]
    inverse: NDArray[np.float64]
    counts: Counts
    carried: Counts


def _count(parts: Iterable[NDArray[Any]], decay: Decay, newest: int) -> Counts:
    """Return what several sums of any encoder versions count together; the order of the parts leaves no trace."""
    every = np.concatenate([NO_SUMS, *parts])
    buckets, place = np.unique(every["bucket"], return_inverse=True)
    whole = np.zeros((buckets.size, 1 + len(OBJECTIVES)), np.int64)
    np.add.at(whole, place, np.column_stack([every["impressions"], every["rewards"]]))
    impressions, *rewards = (decay.weights(buckets, newest) @ whole).tolist()
    return Counts(impressions / IMPRESSION_UNIT, np.array(rewards) * _UNITS)


def _evidence(sums: NDArray[Any], decay: Decay, newest: int, carried: Counts = NO_COUNTS) -> Evidence:
    """Return the sums weighted by age, and what is carried as impressions in the context s of a stranger.

    Carried counts with the mean rewards m add k s s' to the design and k m s to the moments, k = min(CARRIED, their
    impressions).
    """
    weights = decay.weights(sums["bucket"], newest)
    design = np.zeros((DIM, DIM))
    design[UPPER] = weights @ sums["xx"].astype(np.float64) * (X_UNIT**2 / IMPRESSION_UNIT)
    design = design + np.triu(design, 1).T
    moments = np.tensordot(weights, sums["rx"].astype(np.float64), axes=1) * X_UNIT * _UNITS[:, None]
    if carried.impressions > 0.0:
        weight = min(MAX_CARRIED_IMPRESSIONS, carried.impressions)
        design[0, 0] += weight * _CONSTANT**2
        moments[:, 0] += weight * _CONSTANT * carried.rewards / carried.impressions
    return Evidence(design, moments, _count([sums], decay, newest), carried)


def _solve(found: Evidence, ridge: float = RIDGE, prior: NDArray[np.float64] | None = None) -> Solved:
    """Return the ridge regression of each objective, drawn to `prior` [objectives, DIM] (None: to 0).

    A = ridge I + design, theta = A^-1 (ridge prior + moments), in float64 by Cholesky.
    """
    moments = found.moments if prior is None else found.moments + ridge * prior
    factor = np.linalg.inv(np.linalg.cholesky(found.design + ridge * np.eye(DIM)))
    inverse = factor.T @ factor
    return Solved(moments @ inverse, inverse, found.counts, found.carried)


def _policy_row(solved: Solved, encoder: int, total: float) -> PolicyRow:
    """Return the row to publish for an activity, in fixed point; `version` is set when it is read back."""
    inverse = solved.inverse * 2.0
    np.fill_diagonal(inverse, np.diag(solved.inverse))
    theta = np.clip(solved.theta, -_THETA_LIMIT, _THETA_LIMIT)
    return PolicyRow(
        version=-1,
        encoder=encoder,
        impressions=solved.counts.impressions,
        total=total,
        rewards=tuple(solved.counts.rewards.tolist()),
        theta=np.rint(theta / THETA_UNIT).astype(np.int64),
        inverse=np.rint(inverse[UPPER] / INVERSE_UNIT).astype(np.int64),
        carried_impressions=solved.carried.impressions,
        carried_rewards=tuple(solved.carried.rewards.tolist()),
    )


def _changes(sums: Mapping[ArmKey, NDArray[Any]], decay: Decay, newest: int) -> Changes:
    """Return where clicks have changed, from all sums by name; the order of the names leaves no trace.

    They have everywhere if all names but the one that changed most say so together.
    """
    recent = newest - BUCKETS_PER_HALF_LIFE
    names = [name for name in sorted(sums) if sums[name].size and sums[name][-1]["bucket"] > recent]
    if not decay.half_life_ms or not names:
        return Changes(decay, everywhere=0, arms={})
    ways = [_ratios([sums[name] for name in names], decay._replace(halvings=each), recent) for each in HALVINGS]
    limit = LIMIT + math.log(len(HALVINGS))
    alone = {}
    for at, name in enumerate(names):
        best, way = max((found[at], -way) for way, found in enumerate(ways))
        if best > limit + math.log(len(names)):
            alone[name] = HALVINGS[-way]
    best, way = max((found.sum() - found.max(), -way) for way, found in enumerate(ways))
    return Changes(decay, HALVINGS[-way] if best > limit else 0, alone)


def _ratios(every: Iterable[NDArray[Any]], decay: Decay, recent: int) -> NDArray[np.float64]:
    """Return the log likelihood ratio, fading over whole past, of each of some sums in the buckets after `recent`."""
    parts, variance = [], []
    for sums in every:
        parts.append(_stretches(sums, decay, recent))
        clicks, impressions = int(sums["rewards"][:, 0].sum()), int(sums["impressions"].sum()) / IMPRESSION_UNIT
        variance.append((max(clicks, 0) + 1) / (max(impressions, 0.0) + 2))
    # [activities, buckets, (now, whole past, fading past, whole past that weighs as little)]
    stretches = np.stack(parts)
    design = np.zeros((*stretches.shape[:3], DIM, DIM))
    design[..., UPPER[0], UPPER[1]] = design[..., UPPER[1], UPPER[0]] = stretches[..., :PAIRS]
    moments = stretches[..., PAIRS:]
    theta = np.linalg.solve(design[:, :, 1:] + RIDGE * np.eye(DIM), moments[:, :, 1:, :, None])[..., 0]
    explained = 2.0 * np.einsum("abkd,abd->abk", theta, moments[:, :, 0])
    explained -= np.einsum("abkd,abde,abke->abk", theta, design[:, :, 0], theta)
    whole, fading, as_little = explained.sum(axis=1).T
    gain: NDArray[np.float64] = fading - np.maximum(whole, as_little)
    return gain / (2.0 * np.array(variance))


def _stretches(sums: NDArray[Any], decay: Decay, recent: int) -> NDArray[np.float64]:
    """Return x x' and x r of each bucket after `recent`, and of what was before it weighed alike and by age."""
    buckets = sums["bucket"]
    weights = np.stack(
        [
            each
            for now in range(recent + 1, recent + 1 + BUCKETS_PER_HALF_LIFE)
            for each in (buckets == now, buckets < now, (buckets < now) * decay.weights(buckets, now))
        ]
    ).astype(np.float64)
    numbers = np.concatenate([sums["xx"], sums["rx"][:, 0]], axis=1).astype(np.float64) * _UNIT
    found: NDArray[np.float64] = (weights @ numbers).reshape(BUCKETS_PER_HALF_LIFE, 3, -1)
    whole = found[:, 1, :1]
    as_little = found[:, 1] * np.divide(found[:, 2, :1], whole, out=np.zeros_like(whole), where=whole > 0.0)
    return np.concatenate([found, as_little[:, None]], axis=1)
