"""One regression for all pairs, and a rest for each activity that is held to nothing as strongly as the data say.

    E click = z'w + x'r_a        w ~ N(0, s2 / shared),  r_a ~ N(0, s2 / own),  noise s2

With G_a the sums of v v', v = (z, x), and A_a = G_xx + own, the rests are integrated out (as in Li et al. 2010,
algorithm 2):

    C = shared + sum_a (G_zz - T_a G_xz),  T_a = G_zx A_a^-1,  w = C^-1 sum_a (b_z - T_a b_x),  r_a = A_a^-1 b_x - T_a'w
    variance / s2 of a pair: x'A_a^-1 x + u'C^-1 u,  u = z - T_a x

`own`, one number for the constant of x and one for the rest, is the pair on a grid of most marginal likelihood,
s2 p(1 - p) of the overall click rate p: a pure function of the sums.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tideline.udfs.core.context import DIM
from tideline.udfs.core.learning.learning import IMPRESSION_UNIT
from tideline.udfs.core.pairs.pair_numbers import NUMBERS
from tideline.udfs.core.pairs.pair_sums import SIZE, UPPER
from tideline.udfs.core.policies.policy_table import X_UNIT

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tideline.udfs.core.pairs.pair_sums import PairSums

SHARED = 16.0
SHARED_CONSTANT = 0.5
GRID = tuple((level, rest) for level in (3.0, 10.0, 30.0, 100.0, 1e3) for rest in (10.0, 30.0, 100.0, 1e3, 1e5))
UNKNOWN = (30.0, 30.0)
"""How strongly rests are held before there are enough clicks to tell."""
LEAST_CLICKS = 10.0
_PRIOR_RATE, _PRIOR_IMPRESSIONS = 0.03, 50.0
_CLICKS_OF_ALL = 20.0


class PairModel(NamedTuple):
    """A solved model of K activities, in whole units."""

    shared: NDArray[np.float64]
    """[NUMBERS]: w."""
    shared_inverse: NDArray[np.float64]
    """[NUMBERS, NUMBERS]: C^-1."""
    rest: NDArray[np.float64]
    """[K, DIM]: r_a."""
    rest_inverse: NDArray[np.float64]
    """[K, DIM, DIM]: A_a^-1."""
    tie: NDArray[np.float64]
    """[K, NUMBERS, DIM]: T_a."""
    noise: float
    """Standard deviation of a click."""
    held: tuple[float, float]
    """How many impressions the assumption weighs that the constant of a rest, and the others, are 0."""
    rewards_by_click: NDArray[np.float64]
    """[K, objectives]: what comes with a click of the activity, drawn to what comes with any; 1 for clicks."""


class _Blocks(NamedTuple):
    zz: NDArray[np.float64]
    zx: NDArray[np.float64]
    xx: NDArray[np.float64]
    bz: NDArray[np.float64]
    bx: NDArray[np.float64]


class _Eliminated(NamedTuple):
    inverse: NDArray[np.float64]
    tie: NDArray[np.float64]
    design: NDArray[np.float64]
    moments: NDArray[np.float64]
    log_size: float


def solve_pairs(sums: PairSums) -> PairModel:
    """Return the model that sums say, by float64 in a fixed order: the same sums give the same bits."""
    blocks = _blocks(sums)
    seen = np.flatnonzero(sums.impressions > 0)
    some = _Blocks._make(each[seen] for each in blocks)
    impressions, clicks = float(sums.impressions.sum()) / IMPRESSION_UNIT, float(sums.rewards[:, 0].sum())
    rate = (clicks + _PRIOR_RATE * _PRIOR_IMPRESSIONS) / (impressions + _PRIOR_IMPRESSIONS)
    noise2 = rate * (1.0 - rate)
    held = UNKNOWN
    if clicks >= LEAST_CLICKS:
        held = max(GRID, key=lambda each: _evidence(some, each, noise2))
    every = _eliminated(blocks, held)
    inverse = np.linalg.inv(_shared_ridge() + every.design)
    shared = inverse @ every.moments
    rest = np.einsum("kxy,ky->kx", every.inverse, blocks.bx) - np.einsum("kzx,z->kx", every.tie, shared)
    return PairModel(
        shared, inverse, rest, every.inverse, every.tie, float(np.sqrt(noise2)), held, _rewards_by_click(sums)
    )


def score_pairs(
    model: PairModel, z: NDArray[np.int8], x: NDArray[np.int8]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return expected clicks and their standard deviation [U, K] for numbers z [U, K, NUMBERS] and contexts x [U, DIM].

    What is not known of the model, that is; not the chance in a click.
    """
    numbers, context = z * X_UNIT, x * X_UNIT
    mean = numbers @ model.shared + context @ model.rest.T
    apart = numbers - np.einsum("kzx,ux->ukz", model.tie, context)
    squares = (context[:, :, None] * context[:, None, :]).reshape(len(context), -1)
    variance = squares @ model.rest_inverse.reshape(len(model.rest), -1).T
    variance += ((apart @ model.shared_inverse) * apart).sum(axis=2)
    return mean, model.noise * np.sqrt(np.maximum(variance, 0.0))


def _blocks(sums: PairSums) -> _Blocks:
    whole = np.zeros((sums.impressions.size, SIZE, SIZE))
    whole[:, UPPER[0], UPPER[1]] = whole[:, UPPER[1], UPPER[0]] = sums.products * (X_UNIT**2 / IMPRESSION_UNIT)
    moments = sums.moments * X_UNIT
    z, x = slice(NUMBERS), slice(NUMBERS, None)
    return _Blocks(whole[:, z, z], whole[:, z, x], whole[:, x, x], moments[:, z], moments[:, x])


def _shared_ridge() -> NDArray[np.float64]:
    found = SHARED * np.eye(NUMBERS)
    found[0, 0] = SHARED_CONSTANT
    return found


def _eliminated(blocks: _Blocks, held: tuple[float, float]) -> _Eliminated:
    """Return what is left for the shared part where the rests are held so."""
    ridge = np.full(DIM, held[1])
    ridge[0] = held[0]
    inverse = np.linalg.inv(blocks.xx + np.diag(ridge))
    tie = blocks.zx @ inverse
    design = (blocks.zz - tie @ np.swapaxes(blocks.zx, 1, 2)).sum(axis=0)
    moments = (blocks.bz - np.einsum("kzx,kx->kz", tie, blocks.bx)).sum(axis=0)
    log_size = -float(np.linalg.slogdet(inverse)[1].sum()) - len(inverse) * float(np.log(ridge).sum())
    return _Eliminated(inverse, tie, design, moments, log_size)


def _evidence(blocks: _Blocks, held: tuple[float, float], noise2: float) -> float:
    """Return the logarithm of the marginal likelihood, but for what is the same for all ways to hold the rests."""
    found = _eliminated(blocks, held)
    whole = _shared_ridge() + found.design
    explained = float(np.einsum("kx,kxy,ky->", blocks.bx, found.inverse, blocks.bx))
    explained += float(found.moments @ np.linalg.solve(whole, found.moments))
    return 0.5 * (explained / noise2 - found.log_size - float(np.linalg.slogdet(whole)[1]))


def _rewards_by_click(sums: PairSums) -> NDArray[np.float64]:
    rewards = sums.rewards * np.array([1.0, 1.0, 0.001])
    together = rewards.sum(axis=0)
    usual = together / max(together[0], 1.0)
    found: NDArray[np.float64] = (rewards + _CLICKS_OF_ALL * usual) / (rewards[:, :1] + _CLICKS_OF_ALL)
    found[:, 0] = 1.0
    return found
