"""A player of the regret benchmarks that learns nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Chooses:
    """A player that always shows one arm, and remembers what it was told."""

    def __init__(self, arm: int) -> None:
        self.arm = arm
        self.told: list[tuple[int, int, float]] = []

    def choose(self, x: NDArray[np.float64], first_round: int, mask: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Return the one arm."""
        return np.full(len(x), self.arm)

    def learn(
        self,
        x: NDArray[np.float64],
        arms: NDArray[np.int64],
        clicks: NDArray[np.float64],
        first_round: int,
        impressions: int = 1,
    ) -> None:
        """Remember."""
        self.told.append((first_round, impressions, float(clicks.sum())))
