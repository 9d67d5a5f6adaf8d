"""Random numbers as a pure function of a seed, for a batch of decisions at once (SplitMix64, Steele et al. 2014)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_SHUFFLE = np.uint64(0x5851F42D4C957F2D)
_ODD = np.array([1, 0, 1, 1], np.uint16)
_HALF = np.uint16(8)


def decision_seeds(
    users: NDArray[np.uint64], as_of_ms: NDArray[np.int64], seq: NDArray[np.int64], salt: int
) -> NDArray[np.uint64]:
    """Return one seed per decision [U] from the user's hash64, the list version and the deployment's salt."""
    seed = _mix(users ^ np.uint64(salt))
    seed = _mix(seed + as_of_ms.astype(np.uint64) * _GOLDEN)
    return _mix(seed + seq.astype(np.uint64) * _GOLDEN)


def uniform(seeds: NDArray[np.uint64], count: int, stream: int = 0) -> NDArray[np.float64]:
    """Return [U, count] numbers in [0, 1); `stream` separates independent uses of the same seeds.

    >>> user, as_of_ms, seq = np.array([7], np.uint64), np.array([1_700_000_000_000]), np.array([1])
    >>> uniform(decision_seeds(user, as_of_ms, seq, salt=11), 2).round(3).tolist()  # today as ever
    [[0.697, 0.667]]
    """
    place = np.arange(1 + stream * 65_536, 1 + stream * 65_536 + count, dtype=np.uint64)
    return (_mix(seeds[:, None] + place * _GOLDEN) >> np.uint64(11)).astype(np.float64) * 2.0**-53


def normal(seeds: NDArray[np.uint64], count: int) -> NDArray[np.float64]:
    """Return [U, count] standard normal numbers (Box and Muller 1958)."""
    radius: NDArray[np.float64] = np.sqrt(-2.0 * np.log1p(-uniform(seeds, count, stream=2)))
    cosine: NDArray[np.float64] = np.cos(2.0 * np.pi * uniform(seeds, count, stream=3))
    return radius * cosine


def gumbel(seeds: NDArray[np.uint64], count: int) -> NDArray[np.float64]:
    """Return [U, count] numbers of the standard Gumbel distribution."""
    exponential: NDArray[np.float64] = -np.log1p(-uniform(seeds, count, stream=4))
    found: NDArray[np.float64] = -np.log(np.maximum(exponential, 2.0**-53))
    return found


def shuffle_keys(seeds: NDArray[np.uint64]) -> NDArray[np.uint16]:
    """Return [U, 4] keys for `shuffled`, one row for each decision."""
    bits: NDArray[np.uint16] = _mix(seeds ^ _SHUFFLE)[:, None].view(np.uint16)
    return np.bitwise_or(bits, _ODD)


def shuffled(keys: NDArray[np.uint16], numbers: NDArray[np.uint16]) -> NDArray[np.uint16]:
    """Return where the numbers 0..65535 come in each decision's own order of them: another number each, [U, n].

    A decision's order is two rounds of multiplication by an odd number and addition, with a fold in between, all of
    them bijections of 16 bits. `numbers` is [n] or [U, n].
    """
    found: NDArray[np.uint16] = numbers * keys[:, :1] + keys[:, 1:2]
    found ^= found >> _HALF
    found *= keys[:, 2:3]
    found ^= found >> _HALF
    found *= keys[:, 3:4]
    return found


def unshuffled(keys: NDArray[np.uint16], places: NDArray[np.uint16]) -> NDArray[np.uint16]:
    """Return the numbers [U, n] that `shuffled` put at these places [U, n]."""
    inverse = _inverse(keys)  # of all four at once; that of the second, which is added, is not asked for
    found: NDArray[np.uint16] = places * inverse[:, 3:4]
    found ^= found >> _HALF
    found *= inverse[:, 2:3]
    found ^= found >> _HALF
    found -= keys[:, 1:2]
    found *= inverse[:, :1]
    return found


def _inverse(odd: NDArray[np.uint16]) -> NDArray[np.uint16]:
    """Return the inverse of odd numbers modulo 2^16 (Newton: each step doubles the right bits, from 3)."""
    found = odd.copy()
    for _ in range(3):
        found *= np.uint16(2) - odd * found
    return found


def _mix(state: NDArray[np.uint64]) -> NDArray[np.uint64]:
    state = (state ^ (state >> np.uint64(30))) * _MIX_1
    state = (state ^ (state >> np.uint64(27))) * _MIX_2
    return state ^ (state >> np.uint64(31))
