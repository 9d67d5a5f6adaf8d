"""Which of some ways to hold rests may be the likeliest, worked out for all of them at once.

With B = Q L Q' the sums of x x' but for the constant, (B + rest)^-1 is Q (L + rest)^-1 Q' for every way to hold the
others, and the constant is one number more by Schur's complement: one decomposition an activity in place of an inverse
for each way, a sixth of the time. These are not the bits that solving each way gives, so all ways that come as near
to the best as rounding may have moved them are told, for the caller to choose among.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_TOLERANCE = 1e-9
"""Of a likelihood's terms: rounding has moved none by more than 4e-11 of them where sums of 1e7 meet a ridge of 1."""
_LARGEST = 1e7
"""Where sums are larger, all ways are told."""

Held = tuple[float, float]
"""How many impressions the assumption weighs that the constant of a rest, and its other numbers, are 0."""


class PairEvidence(NamedTuple):
    """What K activities' impressions say, in whole units: sums of v v' and of clicks times v."""

    zz: NDArray[np.float64]
    zx: NDArray[np.float64]
    xx: NDArray[np.float64]
    bz: NDArray[np.float64]
    bx: NDArray[np.float64]


class _Turned(NamedTuple):
    """The evidence of K activities in the directions of what x has beside its constant."""

    values: NDArray[np.float64]
    """[K, DIM - 1]"""
    tied: NDArray[np.float64]
    """Products with z, with clicks and with the constant [K, PAIR_DIM + 2, DIM - 1]."""
    level: NDArray[np.float64]
    """The same of the constant [K, PAIR_DIM + 2], the last with itself."""


def likeliest(found: PairEvidence, ways: Sequence[Held], shared: NDArray[np.float64], noise2: float) -> Sequence[Held]:
    """Return in their order the ways among which the likeliest is: nearly always one.

    `shared` is how strongly what all share is held [PAIR_DIM, PAIR_DIM]; the likelihood is that of pair_solving.py.
    """
    turned = _turned(found)
    if not turned.values.size or turned.values.min() < -0.5 or turned.values.max() > _LARGEST:
        return ways
    rests = {rest: _beside(turned, rest) for rest in {rest for _, rest in ways}}
    with np.errstate(invalid="ignore", divide="ignore"):  # what impressions cannot have made: told of below
        each = [_at(turned, held, rests[held[1]]) for held in ways]
    eliminated, log_sizes = np.array([one for one, _ in each]), np.array([size for _, size in each])
    whole = shared + found.zz.sum(axis=0) - eliminated[:, :-1, :-1]
    moments = found.bz.sum(axis=0) - eliminated[:, :-1, -1]
    of_shared = np.linalg.solve(whole, moments[..., None])[..., 0]
    explained = (eliminated[:, -1, -1] + (moments * of_shared).sum(axis=1)) / noise2
    likelihood = 0.5 * (explained - log_sizes - np.linalg.slogdet(whole)[1])
    if not np.isfinite(likelihood).all():
        return ways
    near = _TOLERANCE * (1.0 + float((np.abs(explained) + np.abs(log_sizes)).max()))
    return [ways[at] for at in np.flatnonzero(likelihood >= likelihood.max() - near).tolist()]


def _turned(found: PairEvidence) -> _Turned:
    values, vectors = np.linalg.eigh(found.xx[:, 1:, 1:])
    tied = np.concatenate([found.zx, found.bx[:, None], found.xx[:, :1]], axis=1)
    return _Turned(values, tied[:, :, 1:] @ vectors, tied[:, :, 0])


def _beside(turned: _Turned, rest: float) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    """Return with the others held: products summed over activities, those with the constant [K, ..], log size."""
    weighed = turned.tied / (turned.values + rest)[:, None, :]
    together = np.tensordot(weighed[:, :-1], turned.tied[:, :-1], axes=([0, 2], [0, 2]))
    level = turned.level - np.einsum("kuj,kj->ku", weighed, turned.tied[:, -1])
    return together, level, float(np.log1p(turned.values / rest).sum())


def _at(
    turned: _Turned, held: Held, beside: tuple[NDArray[np.float64], NDArray[np.float64], float]
) -> tuple[NDArray[np.float64], float]:
    """Return sum_a (G, b) A_a^-1 (G, b)' of z and clicks, and sum_a log |A_a| less that of what holds the rests."""
    together, level, log_size = beside
    size = level[:, -1] + held[0]
    along = level[:, :-1]
    return together + (along / size[:, None]).T @ along, log_size + float(np.log(size / held[0]).sum())
