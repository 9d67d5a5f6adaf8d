"""What all pairs share, solved anew at each publication from what every activity says of it.

An activity's part is a function of its sums alone and is kept until they change: a publication costs what has changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tideline.udfs.core.context import CONSTANT_X, DIM
from tideline.udfs.core.fixed_point import X_UNIT
from tideline.udfs.core.learning.learning import IMPRESSION_UNIT, MOMENTS, OF_PAIRS
from tideline.udfs.core.learning.solving import carried_weight, counts_of, symmetric
from tideline.udfs.core.pairs.holding import PairEvidence
from tideline.udfs.core.pairs.pair_numbers import PAIR_DIM
from tideline.udfs.core.pairs.pair_solving import (
    SharedPairs,
    held_by,
    noise_variance,
    shared_parts,
    solve_shared_pairs,
)
from tideline.udfs.core.policies.pair_row import PAIR_UPPER
from tideline.udfs.core.policies.policy_table import PAIRS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from collections.abc import Set as AbstractSet

    from numpy.typing import NDArray

    from tideline.udfs.core.learning.solving import Counts
    from tideline.udfs.core.pairs.holding import Held
    from tideline.udfs.core.policies.arm_key import ArmKey

TELLING = 128
"""How strongly rests are held is read from so many activities, those shown most: a grid of 25 costs 4 ms."""
_AT_ONCE = 1_024
_ZX, _ZR = OF_PAIRS + PAIR_UPPER[0].size, -PAIR_DIM
_PRODUCT_UNIT = X_UNIT**2 / IMPRESSION_UNIT
_CONSTANT = CONSTANT_X * X_UNIT


class _Part(NamedTuple):
    sums: NDArray[Any]
    held: Held
    part: NDArray[np.float64]


class Arms(NamedTuple):
    """Every arm in rising order with its sums, impressions in hundredths, and which of them fade."""

    arms: Sequence[ArmKey]
    sums: Sequence[NDArray[Any]]
    impressions: NDArray[np.int64]
    fading: AbstractSet[ArmKey]


class PairParts:
    """The parts of all arms, in memory."""

    def __init__(self) -> None:
        self._kept: dict[ArmKey, _Part] = {}

    def shared(
        self, every: Arms, numbers_of: Callable[[Sequence[ArmKey]], NDArray[np.float64]], together: Counts
    ) -> SharedPairs:
        """Return what all pairs share; `numbers_of` gives the weighed numbers [K, NUMBERS] of some arms.

        A pure function of what is known: the parts are added in the order of their arms.
        """
        clicks = float(together.rewards[0])
        noise2 = noise_variance(float(together.impressions), clicks)
        most = np.sort(np.argsort(-every.impressions, kind="stable")[:TELLING])
        held = held_by(pair_evidence_of(numbers_of([every.arms[at] for at in most.tolist()])), clicks, noise2)
        kept = self._kept
        old = [
            arm
            for arm, sums in zip(every.arms, every.sums, strict=True)
            if (known := kept.get(arm)) is None or known.sums is not sums or known.held != held or arm in every.fading
        ]
        sums_of = dict(zip(every.arms, every.sums, strict=True))
        for start in range(0, len(old), _AT_ONCE):
            arms = old[start : start + _AT_ONCE]
            parts = shared_parts(pair_evidence_of(numbers_of(arms)), held)
            kept.update({arm: _Part(sums_of[arm], held, part) for arm, part in zip(arms, parts, strict=True)})
        if len(kept) > len(every.arms):
            self._kept = kept = {arm: kept[arm] for arm in every.arms}
        parts = np.array([kept[arm].part for arm in every.arms]).reshape(-1, PAIR_DIM, PAIR_DIM + 1)
        return solve_shared_pairs(parts.sum(axis=0), noise2, held)


def pair_evidence_of(numbers: NDArray[np.float64]) -> PairEvidence:
    """Return weighed numbers [K, NUMBERS] as sums of products in whole units."""
    return PairEvidence(
        symmetric(numbers[:, OF_PAIRS:_ZX] * _PRODUCT_UNIT, PAIR_DIM),
        numbers[:, _ZX:_ZR].reshape(-1, PAIR_DIM, DIM) * _PRODUCT_UNIT,
        symmetric(numbers[:, MOMENTS - PAIRS : MOMENTS] * _PRODUCT_UNIT, DIM),
        numbers[:, _ZR:] * X_UNIT,
        numbers[:, MOMENTS : MOMENTS + DIM] * X_UNIT,
    )


def with_carried(found: PairEvidence, others: NDArray[np.float64], shared: SharedPairs) -> PairEvidence:
    """Return the evidence of K activities with what they earned under other encoders, numbers [K, NUMBERS].

    It counts as impressions in the context of a stranger: what of its clicks the shared part does not foretell.
    """
    counts = counts_of(others)
    weight = carried_weight(counts)
    shown = np.where(counts.impressions > 0.0, counts.impressions, 1.0)
    # The first number of z is 1 everywhere: its products with the others are their sums.
    foretold = others[:, OF_PAIRS : OF_PAIRS + PAIR_DIM] @ shared.theta * _PRODUCT_UNIT
    left = weight * (counts.rewards[:, 0] - foretold) / shown
    xx, bx = found.xx.copy(), found.bx.copy()
    xx[:, 0, 0] += weight * _CONSTANT**2
    bx[:, 0] += left * _CONSTANT
    return found._replace(xx=xx, bx=bx)
