"""One regression for all pairs, and a rest for each activity that is held to nothing as strongly as the data say.

    E click = z'w + x'r_a        w ~ N(0, s2 / shared),  r_a ~ N(0, s2 / own),  noise s2

With G_a the sums of v v', v = (z, x), and A_a = G_xx + own, the rests are integrated out (as in Li et al. 2010,
algorithm 2):

    C = shared + sum_a (G_zz - T_a G_xz),  T_a = G_zx A_a^-1,  w = C^-1 sum_a (b_z - T_a b_x),  r_a = A_a^-1 b_x - T_a'w

`own`, one number for the constant of x and one for the others, is the pair on a grid of most marginal likelihood,
s2 = p(1 - p) of the overall click rate p: a pure function of the sums. An activity under another encoder has a rest of
its own; the numbers of a pair are the same under all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tideline.udfs.core.context import DIM
from tideline.udfs.core.pairs.holding import Held, PairEvidence, likeliest
from tideline.udfs.core.pairs.pair_numbers import PAIR_DIM

if TYPE_CHECKING:
    from numpy.typing import NDArray

SHARED = 16.0
SHARED_CONSTANT = 0.5
"""How many impressions the assumption weighs that nothing is shared; that of the constant weighs hardly anything."""
GRID = tuple((level, rest) for level in (1.0, 5.0, 30.0, 100.0, 1e3) for rest in (1.0, 5.0, 30.0, 200.0, 1e5))
UNKNOWN = (30.0, 30.0)
"""How strongly rests are held before there are enough clicks to tell."""
LEAST_CLICKS = 10.0
_PRIOR_RATE, _PRIOR_IMPRESSIONS = 0.03, 50.0


class SharedPairs(NamedTuple):
    """What all activities share: w [PAIR_DIM], C^-1, the standard deviation of a click, and how rests are held."""

    theta: NDArray[np.float64]
    inverse: NDArray[np.float64]
    noise: float
    held: Held


class Rests(NamedTuple):
    """Of K activities: r_a [K, DIM] and A_a^-1 [K, DIM, DIM]."""

    theta: NDArray[np.float64]
    inverse: NDArray[np.float64]


class _Eliminated(NamedTuple):
    design: NDArray[np.float64]
    moments: NDArray[np.float64]
    explained: float
    log_size: float


def noise_variance(impressions: float, clicks: float) -> float:
    """Return p(1 - p) of the click rate of all."""
    rate = (clicks + _PRIOR_RATE * _PRIOR_IMPRESSIONS) / (impressions + _PRIOR_IMPRESSIONS)
    return min(max(rate * (1.0 - rate), 1e-6), 0.25)


def shared_parts(found: PairEvidence, held: Held) -> NDArray[np.float64]:
    """Return what each of K activities says of what is shared [K, PAIR_DIM, PAIR_DIM + 1]: its part of C and C w."""
    each = _eliminate(found, held)
    return np.concatenate([each.design, each.moments[:, :, None]], axis=2)


def solve_shared_pairs(parts: NDArray[np.float64], noise2: float, held: Held) -> SharedPairs:
    """Return what is shared, from the sum of all parts [PAIR_DIM, PAIR_DIM + 1]."""
    inverse = np.linalg.inv(_shared_ridge() + parts[:, :-1])
    inverse = (inverse + inverse.T) / 2.0
    return SharedPairs(inverse @ parts[:, -1], inverse, float(np.sqrt(noise2)), held)


def held_by(found: PairEvidence, clicks: float, noise2: float) -> Held:
    """Return how strongly rests are to be held, by K activities that have `clicks` in all."""
    if clicks < LEAST_CLICKS:
        return UNKNOWN
    likely = likeliest(found, GRID, _shared_ridge(), noise2)
    if len(likely) == 1:
        return likely[0]
    return max(likely, key=lambda each: _log_likelihood(_eliminate(found, each), noise2))


def solve_rests(shared: SharedPairs, found: PairEvidence) -> Rests:
    """Return the rests of K activities."""
    inverse = _inverse(found.xx, shared.held)
    left = found.bx - np.einsum("kzx,z->kx", found.zx, shared.theta)
    return Rests(np.einsum("kxy,ky->kx", inverse, left), inverse)


def _inverse(xx: NDArray[np.float64], held: Held) -> NDArray[np.float64]:
    return np.linalg.inv(xx + np.diag([held[0], *[held[1]] * (DIM - 1)]))


def _shared_ridge() -> NDArray[np.float64]:
    return np.diag([SHARED_CONSTANT, *[SHARED] * (PAIR_DIM - 1)])


def _eliminate(found: PairEvidence, held: Held) -> _Eliminated:
    inverse = _inverse(found.xx, held)
    tie = found.zx @ inverse
    explained = float(np.einsum("kx,kxy,ky->", found.bx, inverse, found.bx))
    ridges = float(np.log(held[0]) + (DIM - 1) * np.log(held[1]))
    log_size = -float(np.linalg.slogdet(inverse)[1].sum()) - len(inverse) * ridges
    return _Eliminated(
        found.zz - tie @ np.swapaxes(found.zx, 1, 2),
        found.bz - np.einsum("kzx,kx->kz", tie, found.bx),
        explained,
        log_size,
    )


def _log_likelihood(each: _Eliminated, noise2: float) -> float:
    """Return the logarithm of the marginal likelihood, but for what is the same for all ways to hold the rests."""
    whole = _shared_ridge() + each.design.sum(axis=0)
    moments = each.moments.sum(axis=0)
    explained = each.explained + float(moments @ np.linalg.solve(whole, moments))
    return 0.5 * (explained / noise2 - each.log_size - float(np.linalg.slogdet(whole)[1]))
