"""What all pairs share, as it is published with the prior and as a ranker scores with it.

The three bytes of a pair (pair_numbers.py) are two halves of twelve bits: affinities at 10 and 100 events, and the
rest. Each number of z follows from one half, so z'w is the sum of two looked up numbers, and so is the variance when
what is not known of the one half counts as independent of the other: 6 ns a pair, with all products 40. That costs
nothing in clicks (docs/decisions/0015).
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tideline.schemas.errors import InvalidRecord, Reason
from tideline.udfs.core.fixed_point import INVERSE_UNIT, THETA_UNIT, X_UNIT, in_units, packed_inverse
from tideline.udfs.core.pairs.pair_numbers import HALVES, MAX_BREADTH, PAIR_DIM, pair_numbers
from tideline.udfs.core.pairs.pair_solving import SHARED, SHARED_CONSTANT, noise_variance

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

PAIR_UPPER = np.triu_indices(PAIR_DIM)
_SIZE = PAIR_UPPER[0].size
_HALF = np.uint32(12)
_LOW = np.uint32(0xFFF)
_FEW = 0.2
"""Share of pairs that are no stranger's up to which each of them is looked up by itself."""


class PairRow(NamedTuple):
    """w [PAIR_DIM] in THETA_UNIT, C^-1 as upper triangle in INVERSE_UNIT, off-diagonals doubled, noise of a click."""

    theta: NDArray[np.int64]
    inverse: NDArray[np.int64]
    noise: float

    def says_the_same(self, other: PairRow | None) -> bool:
        """Return whether two score alike."""
        return (
            other is not None
            and self.noise == other.noise
            and np.array_equal(self.theta, other.theta)
            and np.array_equal(self.inverse, other.inverse)
        )


def pair_row(theta: NDArray[np.float64], inverse: NDArray[np.float64], noise: float) -> PairRow:
    """Return w and C^-1 [PAIR_DIM, PAIR_DIM] in fixed point."""
    return PairRow(np.rint(theta / THETA_UNIT).astype(np.int64), packed_inverse(inverse), noise)


COLD_PAIRS = pair_row(
    np.zeros(PAIR_DIM),
    np.diag([1.0 / SHARED_CONSTANT, *[1.0 / SHARED] * (PAIR_DIM - 1)]),
    float(np.sqrt(noise_variance(0.0, 0.0))),
)
"""What is known before anything was learned."""


def encode_pairs(row: PairRow | None) -> dict[str, object]:
    """Return the fields of a policy record that hold it, empty for none."""
    if row is None:
        return {"pair_theta": b"", "pair_inverse": b"", "pair_noise": 0.0}
    return {
        "pair_theta": row.theta.astype("<i8").tobytes(),
        "pair_inverse": row.inverse.astype("<i4").tobytes(),
        "pair_noise": row.noise,
    }


def decode_pairs(record: Mapping[str, Any]) -> PairRow | None:
    """Return what the fields of a policy record hold.

    Raises InvalidRecord where they are not of this build's shape.
    """
    theta, inverse = record["pair_theta"], record["pair_inverse"]
    if not theta and not inverse:
        return None
    found, allowed = (len(theta), len(inverse)), (8 * PAIR_DIM, 4 * _SIZE)
    if found != allowed:
        raise InvalidRecord(
            Reason.BAD_FIELD, f"bytes of pair theta and inverse are {found}; allowed: {allowed} or none"
        )
    return PairRow(
        np.frombuffer(theta, "<i8").astype(np.int64),
        np.frombuffer(inverse, "<i4").astype(np.int64),
        record["pair_noise"],
    )


class PairTable(NamedTuple):
    """What all pairs share, and what a click of each of K activities is worth."""

    shared: PairRow
    worth: NDArray[np.float64]

    @property
    def noise(self) -> float:
        """Standard deviation of a click."""
        return self.shared.noise

    def add_to(
        self, mean: NDArray[np.float64], variance: NDArray[np.float64], pairs: NDArray[np.uint32] | None
    ) -> None:
        """Add worth z'w and z' C^-1 z of packed pairs [U, K] in place.

        Most pairs of a user are what a stranger has, a constant of the activity: the others are looked up one by one,
        as long as they are few.

        Raises:
            ValueError: no pairs, which who ranks by them has to have.
        """
        if pairs is None:
            raise ValueError("policy pairs: the contexts to score have no pairs")
        of_strangers = pairs[:1] & np.uint32(MAX_BREADTH)
        others = np.flatnonzero(pairs != of_strangers)
        if others.size > _FEW * pairs.size:
            self._add(mean, variance, pairs, self.worth)
            return
        worth = self.worth if self.worth.size == 1 else self.worth[others % pairs.shape[1]]
        flat_mean, flat_variance = mean.reshape(-1), variance.reshape(-1)
        of_others = flat_mean[others], flat_variance[others]
        self._add(*of_others, pairs.reshape(-1)[others], worth)
        self._add(mean, variance, of_strangers, self.worth)
        flat_mean[others], flat_variance[others] = of_others

    def _add(
        self,
        mean: NDArray[np.float64],
        variance: NDArray[np.float64],
        pairs: NDArray[np.uint32],
        worth: NDArray[np.float64],
    ) -> None:
        its_mean, its_variance = self.expected(pairs)
        its_mean *= worth
        mean += its_mean
        variance += its_variance

    def expected(self, pairs: NDArray[np.uint32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return z'w and z' C^-1 z of packed pairs; sums of whole numbers, the same bits in any batch."""
        found = _looked_up(self.shared.theta.tobytes(), self.shared.inverse.tobytes())
        high, low = pairs >> _HALF, pairs & _LOW
        mean, variance = found.means[0].take(high), found.variances[0].take(high)
        mean += found.means[1].take(low)
        variance += found.variances[1].take(low)
        mean *= X_UNIT * THETA_UNIT
        variance *= X_UNIT * X_UNIT * INVERSE_UNIT
        return mean, np.maximum(variance, 0.0, out=variance)


NO_PAIRS = PairTable(COLD_PAIRS, np.ones(1))
"""Nothing learned of pairs, and each activity worth a click."""


class _LookUp(NamedTuple):
    """By half, mean and variance of each of its 4,096 values, in whole units."""

    means: tuple[NDArray[np.float64], ...]
    variances: tuple[NDArray[np.float64], ...]


@lru_cache(maxsize=64)
def _looked_up(theta: bytes, inverse: bytes) -> _LookUp:
    weights = in_units(np.frombuffer(theta, np.int64).astype(np.float64))
    square = np.zeros((PAIR_DIM, PAIR_DIM))
    square[PAIR_UPPER] = np.frombuffer(inverse, np.int64)
    every = np.arange(1 << int(_HALF), dtype=np.uint32)
    means, variances = [], []
    for half, numbers in zip((every << _HALF, every), HALVES, strict=True):
        z = pair_numbers(half).astype(np.float64)[:, numbers]
        means.append(z @ weights[list(numbers)])
        variances.append(((z @ square[np.ix_(numbers, numbers)]) * z).sum(axis=1))
    return _LookUp(tuple(means), tuple(variances))
