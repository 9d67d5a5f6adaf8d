"""The policies to be judged: with which probability each would show which arm in the rows of a log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from tideline.udfs.core.evaluation.list_probabilities import position_chances

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from tideline.udfs.core.evaluation.log import LoggedFeedback


class Target(Protocol):
    """A policy over the arms of a log."""

    @property
    def absent(self) -> float:
        """Share of its choices that are arms the log does not have."""

    def chances(self, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the probability of each arm in some rows [rows, K], given the entries above in the same list."""

    def by_position(self, rows: NDArray[np.int64], positions: int) -> NDArray[np.float64] | None:
        """Return the probability of each arm in each position of the lists that start in `rows` [rows, positions, K].

        Whatever is above. None where the policy is not known for whole lists.
        """


@dataclass(frozen=True, slots=True)
class Uniform:
    """Any arm that could be shown, with the same probability."""

    log: LoggedFeedback
    absent: float = 0.0

    def chances(self, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """See Target."""
        return self.log.open_arms(rows) / self.log.remaining(rows)[:, None]

    def by_position(self, rows: NDArray[np.int64], positions: int) -> NDArray[np.float64] | None:
        """See Target."""
        return np.repeat(self.chances(rows)[:, None, :], positions, axis=1)


@dataclass(frozen=True, slots=True)
class Constant:
    """One arm at the top, any others below it."""

    log: LoggedFeedback
    arm: int
    """Place in the log's arms, -1 for one it does not have."""

    @property
    def absent(self) -> float:
        """See Target."""
        return float(self.arm < 0)

    def chances(self, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """See Target."""
        if self.arm < 0:
            return np.zeros((rows.size, len(self.log.arms)))
        found = self.log.open_arms(rows)
        first = found[:, self.arm] | (self.log.position[rows] == 0 if self.log.lists else True)
        share = found / self.log.remaining(rows)[:, None]
        return np.where(first[:, None], np.arange(len(self.log.arms)) == self.arm, share)

    def by_position(self, rows: NDArray[np.int64], positions: int) -> NDArray[np.float64] | None:
        """See Target."""
        chosen = np.arange(len(self.log.arms)) == self.arm
        rest = self.log.open_arms(rows) & ~chosen
        below = rest / np.maximum(self.log.eligible[rows] - 1, 1)[:, None]
        found = np.repeat(below[:, None, :], positions, axis=1)
        found[:, 0] = chosen
        return found


@dataclass(frozen=True, slots=True)
class Table:
    """Probabilities from a file, row by row [N, K], or with the place of each row's among them."""

    probabilities: NDArray[np.float64]
    absent: float
    place: NDArray[np.int64] | None = None

    def chances(self, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """See Target."""
        return self.probabilities[rows if self.place is None else self.place[rows]]

    def by_position(self, rows: NDArray[np.int64], positions: int) -> NDArray[np.float64] | None:
        """See Target."""
        return None


@dataclass(frozen=True, slots=True)
class Greedy:
    """A policy with scores: the best of what remains with probability 1 - exploration, else any of it.

    `first(rows, open arms)` returns the probability that each arm scores best [rows, K]; `best(rows, open arms, count)`
    draws of its order, [draws, rows, count] arm numbers, -1 after the last.
    """

    log: LoggedFeedback
    first: Callable[[NDArray[np.int64], NDArray[np.bool_]], NDArray[np.float64]]
    best: Callable[[NDArray[np.int64], NDArray[np.bool_], int], NDArray[np.int64]]
    exploration: float
    absent: float = 0.0

    def chances(self, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """See Target."""
        open_arms = self.log.open_arms(rows)
        share = open_arms * (self.exploration / self.log.remaining(rows))[:, None]
        found: NDArray[np.float64] = share + (1.0 - self.exploration) * self.first(rows, open_arms)
        return found

    def by_position(self, rows: NDArray[np.int64], positions: int) -> NDArray[np.float64] | None:
        """See Target."""
        open_arms = self.log.open_arms(rows)
        orders = self.best(rows, open_arms, positions)
        found = np.zeros((rows.size, positions, open_arms.shape[1]))
        for eligible in np.unique(self.log.eligible[rows]).tolist():
            here = np.flatnonzero(self.log.eligible[rows] == eligible)
            chance = position_chances(eligible, positions, self.exploration)
            found[here] = open_arms[here, None, :] * chance[-1][None, :, None]
            for order in orders[:, here]:
                for rank in range(min(order.shape[1], len(chance) - 1)):
                    at = np.flatnonzero(order[:, rank] >= 0)
                    found[here[at], :, order[at, rank]] += (chance[rank] - chance[-1]) / len(orders)
        return found
