"""Whether what is earned has changed: are clicks foretold better from a fading past than from the whole of it?

The clicks of each bucket of the last half-life are predicted twice from the buckets before it, by a ridge regression
that weighs them alike and by one that weighs them by age. How much less the second is mistaken, in squares over twice
the variance of a click, is a log likelihood ratio in nats (prequential: Dawid 1984). While nothing changes it comes
above a limit with a probability of at most exp(-limit) (Ville 1939), and forgetting would only cost what is known.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tideline.udfs.core.context import DIM
from tideline.udfs.core.fixed_point import X_UNIT
from tideline.udfs.core.learning.learning import BUCKETS_PER_HALF_LIFE, IMPRESSION_UNIT, MOMENTS, Decay, as_rows
from tideline.udfs.core.learning.solving import RIDGE, positive, whole_of
from tideline.udfs.core.policies.policy_table import PAIRS, UPPER

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from tideline.udfs.core.policies.arm_key import ArmKey

LIMIT = 3.0
"""Nats. Any one of many arms has to exceed it by the logarithm of their number."""
_UNIT = np.concatenate([np.full(PAIRS, X_UNIT**2 / IMPRESSION_UNIT), np.full(DIM, X_UNIT)])
_QUARTER = 2.0 ** (-1.0 / BUCKETS_PER_HALF_LIFE)
_AT_ONCE = 512


class Changes(NamedTuple):
    """Where the past has to fade: for all together, and the arms that changed alone."""

    decay: Decay
    everywhere: bool
    arms: frozenset[ArmKey]

    def weighing(self, arm: ArmKey | None = None) -> Decay:
        """Return how the evidence of an arm is to be weighed; without one, what all have together."""
        return self.decay._replace(fading=self.everywhere or arm in self.arms)


def changes(sums: Mapping[ArmKey, NDArray[Any]], decay: Decay, newest: int) -> Changes:
    """Return where clicks have changed, from all sums by arm; the order of the arms leaves no trace."""
    arms = [arm for arm in sums if tells(sums[arm], decay, newest)]
    found = ratios([sums[arm] for arm in arms], decay, newest)
    return verdict(dict(zip(arms, found, strict=True)), decay)


def tells(sums: NDArray[Any], decay: Decay, newest: int) -> bool:
    """Return whether sums can tell of a change: there is a half-life, and something in the last one."""
    return bool(decay.half_life_ms and sums.size and sums[-1]["bucket"] > newest - BUCKETS_PER_HALF_LIFE)


def verdict(found: Mapping[ArmKey, float], decay: Decay) -> Changes:
    """Return where clicks have changed from the ratio of every arm that tells.

    They have everywhere if all arms but the one that changed most say so together.
    """
    if not found:
        return Changes(decay, everywhere=False, arms=frozenset())
    every = np.array([found[arm] for arm in sorted(found)])
    limit = LIMIT + math.log(len(found))
    alone = frozenset(arm for arm, ratio in found.items() if ratio > limit)
    return Changes(decay, bool(every.sum() - every.max() > LIMIT), alone)


def ratios(every: Sequence[NDArray[Any]], decay: Decay, newest: int) -> list[float]:
    """Return the log likelihood ratio, fading over whole past, of each of some sums in the last half-life.

    The same bits for each, whatever others there are.
    """
    found: list[float] = []
    for start in range(0, len(every), _AT_ONCE):
        found += _ratios(every[start : start + _AT_ONCE], decay, newest - BUCKETS_PER_HALF_LIFE)
    return found


def _ratios(every: Sequence[NDArray[Any]], decay: Decay, recent: int) -> list[float]:
    now, past = _stretches(every, decay, recent)
    whole = np.stack([whole_of(sums) for sums in every])
    clicks, impressions = np.maximum(whole[:, 3], 0), np.maximum(whole[:, 1], 0) / IMPRESSION_UNIT
    variance = (clicks + 1) / (impressions + 2)
    gain = np.zeros(now.shape[:2])
    some = now.any(axis=2)
    theta = np.linalg.solve(positive(_designs(past[some])) + RIDGE * np.eye(DIM), past[some][..., PAIRS:, None])[..., 0]
    explained = 2.0 * (theta * now[some][:, None, PAIRS:]).sum(axis=-1)
    explained -= ((_designs(now[some])[:, None] * theta[..., None, :]).sum(axis=-1) * theta).sum(axis=-1)
    gain[some] = explained[:, 1] - explained[:, 0]
    found: list[float] = (gain.sum(axis=1) / (2.0 * variance)).tolist()
    return found


def _designs(numbers: NDArray[np.float64]) -> NDArray[np.float64]:
    found = np.zeros((*numbers.shape[:-1], DIM, DIM))
    found[..., UPPER[0], UPPER[1]] = found[..., UPPER[1], UPPER[0]] = numbers[..., :PAIRS]
    return found


def _stretches(
    every: Sequence[NDArray[Any]], decay: Decay, recent: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return x x' and x r of each bucket after `recent`, and of what was before it weighed alike and by age."""
    numbers = np.concatenate([as_rows(sums) for sums in every])
    buckets = numbers[:, 0]
    owner = np.repeat(np.arange(len(every)), [sums.size for sums in every])
    begins = np.flatnonzero(np.diff(owner, prepend=-1))
    numbers = numbers[:, MOMENTS - PAIRS : MOMENTS + DIM] * _UNIT
    now = np.zeros((len(every), BUCKETS_PER_HALF_LIFE, numbers.shape[1]))
    late = buckets > recent
    here = late & (buckets <= recent + BUCKETS_PER_HALF_LIFE)
    now[owner[here], buckets[here] - recent - 1] = numbers[here]
    past = np.zeros((len(every), BUCKETS_PER_HALF_LIFE, 2, numbers.shape[1]))
    past[:, 0, 0] = np.add.reduceat(numbers * ~late[:, None], begins, axis=0)
    ages = decay._replace(fading=True).weights(buckets, recent + 1) * ~late
    past[:, 0, 1] = np.add.reduceat(numbers * ages[:, None], begins, axis=0)
    for at in range(1, BUCKETS_PER_HALF_LIFE):
        past[:, at] = past[:, at - 1] + now[:, at - 1, None]
        past[:, at, 1] *= _QUARTER
    return now, past
