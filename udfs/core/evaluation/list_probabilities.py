"""Where the entries of a list stand when each position explores: exact marginal probabilities by greedy rank."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


@lru_cache(maxsize=4096)
def position_chances(arms: int, positions: int, exploration: float) -> NDArray[np.float64]:
    """Return P(the arm of greedy rank r stands in position k) [min(positions, arms) + 1, positions] of `arms` eligible.

    Each position takes the best of the n that remain with probability 1 - e, else one of them at random. What decides
    is how many better ones remain, m: the arm is taken with probability (1 - e) [m = 0] + e / n, a better one with
    [m > 0] (1 - e) + e m / n. The last row is for all ranks from `positions` on. Positions past the last arm have 0.

    >>> position_chances(4, 2, 0.2).round(3).tolist()  # of four, two positions, one in five drawn
    [[0.85, 0.13], [0.05, 0.743], [0.05, 0.063]]
    """
    top = min(positions, arms)
    chances = np.zeros((top + 1, positions))
    states = np.eye(top + 1)  # by rank: distribution of m while the arm is not taken; m = top stands for "no chance"
    better = np.arange(top + 1)
    for position in range(top):
        n = arms - position
        taken = exploration / n + (1.0 - exploration) * (better == 0)
        chances[:, position] = states @ taken
        fewer = np.minimum((1.0 - exploration) * (better > 0) + exploration * better / n, 1.0)
        same = np.maximum(1.0 - taken - fewer, 0.0)
        moved = states * same
        moved[:, :-1] += states[:, 1:] * fewer[1:]
        moved[top] = 0.0
        moved[top, top] = states[top, top] * (1.0 - taken[top])
        states = moved
    chances.flags.writeable = False
    return chances
