"""A world of lists with known answers: random lists logged, clicks by position and arm."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np

from tideline.udfs.core.evaluation.log import LoggedFeedback
from tideline.udfs.core.evaluation.targets import Greedy

if TYPE_CHECKING:
    from numpy.typing import NDArray

ARMS, POSITIONS = 6, 3
LIKED = np.array([0.30, 0.22, 0.15, 0.10, 0.06, 0.03])
LOOKED_AT = np.array([1.0, 0.7, 0.4])
ORDER = (2, 0, 3, 1, 5, 4)
"""Best first, for the policy to be judged."""


def draw_lists(decisions: int, seed: int) -> LoggedFeedback:
    """Return a log of lists in random order."""
    random = np.random.default_rng(seed)
    lists = random.permuted(np.tile(np.arange(ARMS), (decisions, 1)), axis=1)[:, :POSITIONS]
    clicks = random.random((decisions, POSITIONS)) < LIKED[lists] * LOOKED_AT
    position = np.tile(np.arange(POSITIONS), decisions)
    decision = np.repeat(np.arange(decisions), POSITIONS)
    hashes = np.random.default_rng(4).integers(0, 2**63, decisions, dtype=np.uint64)
    return LoggedFeedback(
        arms=tuple("abcdef"),
        x=random.normal(size=(decisions, 1))[decision],
        action=lists.ravel(),
        propensity=1.0 / (ARMS - position),
        reward=clicks.ravel().astype(np.float64),
        decision=decision,
        decision_hash=hashes[decision],
        position=position,
        eligible=np.full(decision.size, ARMS),
        ts_ms=decision.copy(),
        lists=True,
    )


def in_order(log: LoggedFeedback, exploration: float) -> Greedy:
    """Return the policy that ranks by ORDER."""

    def best(rows: NDArray[np.int64], open_arms: NDArray[np.bool_], size: int) -> NDArray[np.int64]:
        found = np.full((1, rows.size, size), -1)
        for row, mask in enumerate(open_arms):
            ranked = [arm for arm in ORDER if mask[arm]][:size]
            found[0, row, : len(ranked)] = ranked
        return found

    def first(rows: NDArray[np.int64], open_arms: NDArray[np.bool_]) -> NDArray[np.float64]:
        top = np.where(open_arms, np.argsort(ORDER), ARMS).argmin(axis=1)
        found: NDArray[np.float64] = np.eye(ARMS)[top]
        return found

    return Greedy(log, first, best, exploration)


def truth_of_lists(exploration: float) -> tuple[float, float]:
    """Return what a list of that policy earns, and an entry of it, by going through all lists."""
    total = 0.0
    for listed in itertools.permutations(ORDER, POSITIONS):
        chance = 1.0
        for position, arm in enumerate(listed):
            left = [each for each in ORDER if each not in listed[:position]]
            chance *= (1.0 - exploration) * (arm == left[0]) + exploration / len(left)
        total += chance * float(LIKED[list(listed)] @ LOOKED_AT)
    return total, total / POSITIONS
