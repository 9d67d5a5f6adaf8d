"""Whether what is earned has changed: are clicks foretold better from a fading past than from the whole of it?

The clicks of each bucket of the last half-life are predicted from the buckets before it, by a ridge regression that
weighs them alike, and by one for each of HALVINGS that weighs them by age: by the half-life, by a half of it, by a
quarter. How much less one of these is mistaken, in squares over twice the variance of a click, is a log likelihood
ratio in nats (prequential: Dawid 1984). What fades weighs less in all and is drawn more strongly to 0, which foretells
better by itself where there are few clicks, changed or not: so it has to be better than the whole past also where that
weighs as little. While nothing changes it comes above a limit with a probability of at most
exp(-limit) (Ville 1939), and forgetting would only cost what is known. Where it does, the past fades as fast as
foretells best: fast after a change, slowly again when most of what is known is of the time after it.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tideline.udfs.core.context import DIM
from tideline.udfs.core.fixed_point import X_UNIT
from tideline.udfs.core.learning.learning import BUCKETS_PER_HALF_LIFE, IMPRESSION_UNIT, MOMENTS, Decay, as_rows
from tideline.udfs.core.learning.solving import RIDGE, positive, symmetric
from tideline.udfs.core.policies.policy_table import PAIRS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from tideline.udfs.core.policies.arm_key import ArmKey

LIMIT = 3.0
"""Nats, which one of several ways to fade has to exceed by the logarithm of their number, and any one of many arms by
that of theirs."""
HALVINGS = (1, 2, 4)
"""How often in a half-life weights may halve."""
_UNIT = np.concatenate([np.full(PAIRS, X_UNIT**2 / IMPRESSION_UNIT), np.full(DIM, X_UNIT)])
_QUARTERS = 2.0 ** (-np.array(HALVINGS) / BUCKETS_PER_HALF_LIFE)
_LIMIT = LIMIT + math.log(len(HALVINGS))
_AT_ONCE = 512

Ratios = tuple[float, ...]
"""Log likelihood ratios, one for each of HALVINGS."""
WAYS = 1 + 2 * len(HALVINGS)
"""To foretell: from the whole past, from one that fades, and from the whole where it weighs as little."""


class Foretold(NamedTuple):
    """How well an arm's clicks are foretold: as log likelihoods times twice the variance of a click."""

    explained: NDArray[np.float64]
    """By bucket of the last half-life [BUCKETS_PER_HALF_LIFE, WAYS]."""
    theta: NDArray[np.float64]
    """By which the clicks of the arm's newest bucket are [WAYS, DIM]."""


NOTHING_FORETOLD = Foretold(np.zeros((BUCKETS_PER_HALF_LIFE, WAYS)), np.zeros((WAYS, DIM)))
"""Of an arm whose clicks are all of one bucket."""


class Changes(NamedTuple):
    """Where the past has to fade: for all together, and the arms that changed alone."""

    decay: Decay
    everywhere: int
    """So often the weights of all halve in a half-life; 0: they do not fade."""
    arms: Mapping[ArmKey, int]
    """So often do those of arms that changed alone."""

    def may_fade(self, arm: ArmKey) -> bool:
        """Return False where the evidence of an arm certainly does not fade, which is nearly always."""
        return self.everywhere > 0 or arm in self.arms

    def weighing(self, arm: ArmKey | None = None) -> Decay:
        """Return how the evidence of an arm is to be weighed; without one, what all have together."""
        alone = 0 if arm is None else self.arms.get(arm, 0)
        return self.decay._replace(halvings=self.everywhere or alone)


def changes(sums: Mapping[ArmKey, NDArray[Any]], decay: Decay, newest: int) -> Changes:
    """Return where clicks have changed, from all sums by arm; the order of the arms leaves no trace."""
    arms = [arm for arm in sums if tells(sums[arm], decay, newest)]
    every = [sums[arm] for arm in arms]
    found = ratios(every, foretold(every, decay, newest))
    return verdict(dict(zip(arms, found, strict=True)), decay)


def tells(sums: NDArray[Any], decay: Decay, newest: int) -> bool:
    """Return whether sums can tell of a change: there is a half-life, and something in the last one."""
    return bool(decay.half_life_ms and sums.size and sums[-1]["bucket"] > newest - BUCKETS_PER_HALF_LIFE)


def verdict(found: Mapping[ArmKey, Ratios], decay: Decay) -> Changes:
    """Return where clicks have changed from the ratios of every arm that tells.

    They have everywhere if all arms but the one that changed most say so together.
    """
    if not found:
        return Changes(decay, everywhere=0, arms={})
    every = np.array([found[arm] for arm in sorted(found)])
    limit = _LIMIT + math.log(len(found))
    alone = {arm: halvings for arm, mine in found.items() if (halvings := _halvings(mine, limit))}
    return Changes(decay, _halvings((every.sum(axis=0) - every.max(axis=0)).tolist(), _LIMIT), alone)


def _halvings(found: Ratios, limit: float) -> int:
    """Return how often weights are to halve by the ratios of all ways to fade, 0 where none is above the limit."""
    best = max(range(len(HALVINGS)), key=lambda way: found[way])
    return HALVINGS[best] if found[best] > limit else 0


def ratios(every: Sequence[NDArray[Any]], found: Sequence[Foretold]) -> list[Ratios]:
    """Return the log likelihood ratios, fading over whole past, of each of some sums by what is foretold of them."""
    if not every:
        return []
    counts = np.stack([as_rows(sums)[:, 1:4].sum(axis=0) for sums in every])
    clicks, impressions = np.maximum(counts[:, 2], 0), np.maximum(counts[:, 0], 0) / IMPRESSION_UNIT
    variance = (clicks + 1) / (impressions + 2)
    explained = np.stack([each.explained for each in found]).sum(axis=1)
    whole_past, fading, whole_as_little = np.split(explained, [1, 1 + len(HALVINGS)], axis=1)
    gain = (fading - np.maximum(whole_past, whole_as_little)) / (2.0 * variance)[:, None]
    return [tuple(each) for each in gain.tolist()]


def foretold(every: Sequence[NDArray[Any]], decay: Decay, newest: int) -> list[Foretold]:
    """Return how well the clicks of each of some sums that tell are foretold.

    The same bits for each, whatever others there are.
    """
    found = [NOTHING_FORETOLD] * len(every)
    some = [at for at, sums in enumerate(every) if sums.size > 1]  # in one bucket nothing is foretold from another
    for start in range(0, len(some), _AT_ONCE):
        those = some[start : start + _AT_ONCE]
        solved = _foretold([every[at] for at in those], decay, newest - BUCKETS_PER_HALF_LIFE)
        for at, each in zip(those, solved, strict=True):
            found[at] = each
    return found


def foretold_again(before: Sequence[Foretold], every: Sequence[NDArray[Any]], newest: int) -> list[Foretold]:
    """Return what `foretold` does of sums whose last bucket alone is not as it was `before`: nothing is solved."""
    if not every:
        return []
    now = np.stack([as_rows(sums)[-1, MOMENTS - PAIRS : MOMENTS + DIM] for sums in every]) * _UNIT
    explained = np.stack([each.explained for each in before])
    theta = np.stack([each.theta for each in before])
    explained[np.arange(len(every)), _last(every, newest - BUCKETS_PER_HALF_LIFE)] = _explained(theta, now)
    return [Foretold(mine.copy(), each.theta) for mine, each in zip(explained, before, strict=True)]


def _last(every: Sequence[NDArray[Any]], recent: int) -> NDArray[np.int64]:
    return np.array([sums["bucket"][-1] for sums in every]) - recent - 1


def _foretold(every: Sequence[NDArray[Any]], decay: Decay, recent: int) -> list[Foretold]:
    now, past = _stretches(every, decay, recent)
    some = now.any(axis=2)
    some[np.arange(len(every)), _last(every, recent)] = True
    past = past[some]
    designs, moments = positive(symmetric(past[..., :PAIRS], DIM)), past[..., PAIRS:]
    weight = past[..., :1]
    as_little = weight[:, 1:] / np.where(weight[:, :1] > 0.0, weight[:, :1], 1.0)
    designs = np.concatenate([designs, designs[:, :1] * as_little[..., None]], axis=1)
    moments = np.concatenate([moments, moments[:, :1] * as_little], axis=1)
    theta = np.zeros((*some.shape, WAYS, DIM))
    theta[some] = np.linalg.solve(designs + RIDGE * np.eye(DIM), moments[..., None])[..., 0]
    explained = np.zeros((*some.shape, WAYS))
    explained[some] = _explained(theta[some], now[some])
    newest = theta[np.arange(len(every)), _last(every, recent)]
    # Copies: one that is kept would keep those of all the others.
    return [Foretold(mine.copy(), its.copy()) for mine, its in zip(explained, newest, strict=True)]


def _explained(theta: NDArray[np.float64], now: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return by how much less the clicks of stretches are mistaken, foretold by each theta [n, WAYS]."""
    now = now[:, None]
    explained: NDArray[np.float64] = 2.0 * (theta * now[..., PAIRS:]).sum(axis=-1)
    explained -= ((symmetric(now[..., :PAIRS], DIM) * theta[..., None, :]).sum(axis=-1) * theta).sum(axis=-1)
    return explained


def _stretches(
    every: Sequence[NDArray[Any]], decay: Decay, recent: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return x x' and x r of each bucket after `recent`, and of what was before it weighed alike and by age."""
    buckets = np.concatenate([sums["bucket"] for sums in every])
    owner = np.repeat(np.arange(len(every)), [sums.size for sums in every])
    begins = np.flatnonzero(np.diff(owner, prepend=-1))
    numbers = np.concatenate([as_rows(sums)[:, MOMENTS - PAIRS : MOMENTS + DIM] for sums in every]) * _UNIT
    now = np.zeros((len(every), BUCKETS_PER_HALF_LIFE, numbers.shape[1]))
    late = buckets > recent
    here = late & (buckets <= recent + BUCKETS_PER_HALF_LIFE)
    now[owner[here], buckets[here] - recent - 1] = numbers[here]
    past = np.zeros((len(every), BUCKETS_PER_HALF_LIFE, 1 + len(HALVINGS), numbers.shape[1]))
    past[:, 0, 0] = np.add.reduceat(numbers * ~late[:, None], begins, axis=0)
    for way, halvings in enumerate(HALVINGS, 1):
        ages = decay._replace(halvings=halvings).weights(buckets, recent + 1) * ~late
        past[:, 0, way] = np.add.reduceat(numbers * ages[:, None], begins, axis=0)
    for at in range(1, BUCKETS_PER_HALF_LIFE):
        past[:, at] = past[:, at - 1] + now[:, at - 1, None]
        past[:, at, 1:] *= _QUARTERS[:, None]
    return now, past
