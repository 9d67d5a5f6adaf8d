"""Policy rows from float arrays, and what a policy scores by them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tideline.udfs.core.context import DIM
from tideline.udfs.core.counter_random import decision_seeds
from tideline.udfs.core.fixed_point import INVERSE_UNIT, THETA_UNIT
from tideline.udfs.core.pairs.pair_numbers import PAIR_DIM
from tideline.udfs.core.policies.base import Contexts, Policy
from tideline.udfs.core.policies.by_name import POLICIES
from tideline.udfs.core.policies.pair_row import PairRow, pair_row
from tideline.udfs.core.policies.policy_table import Coefficients, PolicyRow

CLICKS_ONLY = np.array([1.0, 0.0, 0.0])
UNIT = 127.0


def row_of(theta: NDArray[np.float64], inverse: NDArray[np.float64], *counts: float) -> PolicyRow:
    """A policy row from float arrays: theta [DIM] of clicks, inverse [DIM, DIM], counts n, clicks and total."""
    n, clicks, total = counts
    doubled = 2 * inverse - np.diag(np.diag(inverse))
    fixed = np.rint(doubled[np.triu_indices(DIM)] / INVERSE_UNIT).astype(np.int64)
    whole = np.zeros((3, DIM), np.int64)
    whole[0] = np.rint(theta / THETA_UNIT)
    return PolicyRow(1, 3, n, total, (clicks, 0.0, 0.0), whole, fixed)


def learned(count: int, seed: int) -> tuple[list[PolicyRow], NDArray[np.float64], NDArray[np.float64]]:
    """Rows with random theta and inverse, and these as floats."""
    rng = np.random.default_rng(seed)
    theta = rng.normal(size=(count, DIM))
    x = rng.normal(size=(count, 40, DIM)) / 4
    inverse = np.linalg.inv(np.eye(DIM) + np.einsum("kni,knj->kij", x, x))
    rows = [row_of(theta[at], inverse[at], 10.0 * at, at, 500.0) for at in range(count)]
    return rows, theta, inverse


def contexts(count: int, seed: int) -> NDArray[np.int8]:
    x = np.random.default_rng(seed).integers(-60, 60, (count, DIM)).astype(np.int8)
    x[:, 0] = 90
    return x


def scored(x: NDArray[np.int8], activities: int, seed: int = 1) -> Contexts:
    """Contexts with pairs of any kind."""
    return Contexts(x, np.random.default_rng(seed).integers(0, 1 << 24, (len(x), activities)).astype(np.uint32))


def any_pairs(rng: np.random.Generator) -> PairRow:
    """What pairs share, large and at random: as much as fixed point takes."""
    root = rng.normal(size=(PAIR_DIM, PAIR_DIM)) / 8
    return pair_row(rng.normal(size=PAIR_DIM) * 100, root @ root.T, float(rng.random()))


def seeds_of(count: int) -> NDArray[np.uint64]:
    every = np.arange(count)
    return decision_seeds(every.astype(np.uint64), every, every, 7)


def with_alpha(name: str, alpha: float) -> Policy:
    return POLICIES[name](alpha=alpha)


def score(name: str, alpha: float, x: NDArray[np.int8], known: Coefficients, eligible: int = 5) -> NDArray[np.float64]:
    users = x.shape[0]
    found = with_alpha(name, alpha).score(
        scored(x, known.impressions.size), known, np.full(users, eligible), seeds_of(users)
    )
    return found.mean + found.bonus
