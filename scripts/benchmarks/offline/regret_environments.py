"""Simulated bandit environments. Regret is expected: the best arm's true mean less the shown arm's true mean, summed.

`low_ctr` and `contextual` and their sizes are those of the shared settings (regret_environments.py) behind the figures
of the notes, copied so that this repository stands alone; the others vary `contextual`. Policies choose a batch at a
time and learn only from what they showed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

ARMS_LOW, ROUNDS_LOW, BATCH_LOW, SEEDS_LOW = 20, 60_000, 20, 12
ARMS, DIM, ROUNDS, BATCH, SEEDS = 10, 7, 12_000, 40, 2
CATEGORIES, PER_CATEGORY = 5, 4


class Contextual(NamedTuple):
    """Rounds with contexts x [N, DIM] whose first column is 1, true means [N, arms], drawn rewards [N, arms].

    `category` [arms] says what an arm is about, `enters` [arms] from which round on it may be shown.
    """

    x: NDArray[np.float64]
    means: NDArray[np.float64]
    rewards: NDArray[np.float64]
    category: NDArray[np.int64]
    enters: NDArray[np.int64]


def low_ctr(seed: int) -> tuple[NDArray[np.float64], np.random.Generator]:
    """Context-free, click rates ~ Beta(2, 80). Returns (true means [20], generator for the clicks).

    One decision a batch: all 20 impressions of a batch show the same arm, clicks = sum(rng.random(20) < mean[arm]).
    """
    rng = np.random.default_rng(seed)
    return rng.beta(2, 80, ARMS_LOW), rng


def contextual(seed: int) -> Contextual:
    """Logistic rewards, arms that have nothing in common."""
    rng = np.random.default_rng(seed)
    theta = rng.normal(size=(ARMS, DIM - 1)) * 0.6
    bias = rng.normal(-2.6, 0.4, ARMS)
    x = np.hstack([np.ones((ROUNDS, 1)), rng.normal(size=(ROUNDS, DIM - 1))])
    means = 1 / (1 + np.exp(-x @ np.hstack([bias[:, None], theta]).T))
    rewards = (rng.random((ROUNDS, ARMS)) < means).astype(float)
    return Contextual(x, means, rewards, np.arange(ARMS), np.zeros(ARMS, np.int64))


def entering(seed: int) -> Contextual:
    """Arms of five categories, alike within one; the last of each category comes in the middle of the run."""
    rng = np.random.default_rng([seed, 1])
    arms = CATEGORIES * PER_CATEGORY
    category = np.arange(arms) % CATEGORIES
    common = np.hstack([rng.normal(-2.6, 0.4, (CATEGORIES, 1)), rng.normal(size=(CATEGORIES, DIM - 1)) * 0.6])
    weights = common[category] + rng.normal(size=(arms, DIM)) * 0.2
    x = np.hstack([np.ones((ROUNDS, 1)), rng.normal(size=(ROUNDS, DIM - 1))])
    means = 1 / (1 + np.exp(-x @ weights.T))
    enters = np.where(np.arange(arms) >= arms - CATEGORIES, ROUNDS // 2, 0)
    return Contextual(x, means, (rng.random(means.shape) < means).astype(float), category, enters)


def drifting(seed: int) -> Contextual:
    """As `contextual`, with the arms' means handed on to the next arm in the middle of the run."""
    found = contextual(seed)
    half = ROUNDS // 2
    means, rewards = found.means.copy(), found.rewards.copy()
    means[half:], rewards[half:] = np.roll(means[half:], 1, axis=1), np.roll(rewards[half:], 1, axis=1)
    return found._replace(means=means, rewards=rewards)
