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

from udfs.core.learning import BUCKETS_PER_HALF_LIFE, RIDGE, WHOLE, Forgetting, positive
from udfs.core.policy_table import PAIRS, UPPER, X_UNIT
from udfs.core.user_state import DIM

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

LIMIT = 3.0
"""Nats. Any one of many names has to exceed it by the logarithm of their number."""
_UNIT = np.concatenate([np.full(PAIRS, X_UNIT**2 / WHOLE), np.full(DIM, X_UNIT)])


class Changes(NamedTuple):
    """Where the past has to fade: for all together, and the names "encoder|activity" of those that changed alone."""

    forgetting: Forgetting
    everywhere: bool
    names: frozenset[str]

    def weighing(self, name: str = "") -> Forgetting:
        """Return how the evidence of a name is to be weighed; without one, what all have together."""
        return self.forgetting._replace(fading=self.everywhere or name in self.names)


def changes(sums: Mapping[str, NDArray[Any]], forgetting: Forgetting, newest: int) -> Changes:
    """Return where clicks have changed, from all sums by name; the order of the names leaves no trace.

    They have everywhere if all names but the one that changed most say so together.
    """
    recent = newest - BUCKETS_PER_HALF_LIFE
    names = [name for name in sorted(sums) if sums[name].size and sums[name][-1]["bucket"] > recent]
    if not forgetting.half_life_ms or not names:
        return Changes(forgetting, everywhere=False, names=frozenset())
    found = _ratios([sums[name] for name in names], forgetting, recent)
    limit = LIMIT + math.log(len(names))
    alone = frozenset(name for name, ratio in zip(names, found.tolist(), strict=True) if ratio > limit)
    return Changes(forgetting, bool(found.sum() - found.max() > LIMIT), alone)


def _ratios(every: Iterable[NDArray[Any]], forgetting: Forgetting, recent: int) -> NDArray[np.float64]:
    """Return the log likelihood ratio, fading over whole past, of each of some sums in the buckets after `recent`."""
    parts, variance = [], []
    for sums in every:
        parts.append(_stretches(sums, forgetting, recent))
        clicks, impressions = int(sums["rewards"][:, 0].sum()), int(sums["impressions"].sum()) / WHOLE
        variance.append((max(clicks, 0) + 1) / (max(impressions, 0.0) + 2))
    # [activities, buckets, (now, whole past, fading past)]
    stretches = np.stack(parts)
    design = np.zeros((*stretches.shape[:3], DIM, DIM))
    design[..., UPPER[0], UPPER[1]] = design[..., UPPER[1], UPPER[0]] = stretches[..., :PAIRS]
    moments = stretches[..., PAIRS:]
    theta = np.linalg.solve(positive(design[:, :, 1:]) + RIDGE * np.eye(DIM), moments[:, :, 1:, :, None])[..., 0]
    explained = 2.0 * np.einsum("abkd,abd->abk", theta, moments[:, :, 0])
    explained -= np.einsum("abkd,abde,abke->abk", theta, design[:, :, 0], theta)
    gain: NDArray[np.float64] = (explained[:, :, 1] - explained[:, :, 0]).sum(axis=1)
    return gain / (2.0 * np.array(variance))


def _stretches(sums: NDArray[Any], forgetting: Forgetting, recent: int) -> NDArray[np.float64]:
    """Return x x' and x r of each bucket after `recent`, and of what was before it weighed alike and by age."""
    buckets = sums["bucket"]
    fading = forgetting._replace(fading=True)
    weights = np.stack(
        [
            each
            for now in range(recent + 1, recent + 1 + BUCKETS_PER_HALF_LIFE)
            for each in (buckets == now, buckets < now, (buckets < now) * fading.weights(buckets, now))
        ]
    ).astype(np.float64)
    numbers = np.concatenate([sums["xx"], sums["rx"][:, 0]], axis=1).astype(np.float64) * _UNIT
    found: NDArray[np.float64] = (weights @ numbers).reshape(BUCKETS_PER_HALF_LIFE, 3, -1)
    return found
