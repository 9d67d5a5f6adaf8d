"""The reward model of the direct method: a ridge regression per arm, cross-fitted by decision."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from tideline.udfs.core.evaluation.columns.row_parts import IN_MEMORY, stretches, summed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tideline.udfs.core.evaluation.columns.row_parts import Memory
    from tideline.udfs.core.evaluation.log import LoggedFeedback

LEVELS, SLOPES = (10.0, 100.0, 1000.0), (100.0, 1000.0, 10_000.0)
"""Strengths tried for the constant and for all other features, in rows: with so many an arm's own evidence weighs as
much as that of all arms. An arm's level is told by fewer rows than its taste."""
_COMMON_RIDGE = 1.0
_SAME = 1e-9


@dataclass(frozen=True, slots=True)
class Features:
    """What foretells rewards, made where it is asked for: a constant, the context and the place.

    Every varying column of x comes with mean 0 and spread 1, every position but the least as a column of its own.
    """

    x: NDArray[np.float64]
    position: NDArray[np.int64]
    varies: NDArray[np.intp]
    mean: NDArray[np.float64]
    spread: NDArray[np.float64]
    positions: NDArray[np.int64]
    """The positions that have a column, the last ones."""

    @classmethod
    def of(cls, x: NDArray[np.float64], position: NDArray[np.int64], memory: Memory = IN_MEMORY) -> Features:
        """Return the features of all rows: x [N, D], position [N]."""
        mean, spread = moments(x, memory)
        varies = np.flatnonzero(spread > _SAME)
        positions = {each for rows in stretches(len(x), memory) for each in np.unique(position[rows]).tolist()}
        return cls(x, position, varies, mean[varies], spread[varies], np.array(sorted(positions)[1:], np.int64))

    @property
    def width(self) -> int:
        """F, how many there are of a row."""
        return 1 + self.varies.size + self.positions.size

    def of_rows(self, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return those of some rows [rows, F]."""
        scaled = (self.x[rows[:, None], self.varies] - self.mean) / self.spread
        return np.column_stack([np.ones(rows.size), scaled, self.position[rows, None] == self.positions])


def moments(x: NDArray[np.float64], memory: Memory = IN_MEMORY) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return mean and spread of each column [N, D]."""
    if not x.size:
        return np.zeros(x.shape[1]), np.zeros(x.shape[1])
    mean = summed(len(x), memory, lambda rows: list(x[rows].T)) / len(x)
    squares = summed(len(x), memory, lambda rows: list(np.square(x[rows] - mean).T))
    return mean, np.sqrt(squares / len(x))


@dataclass(frozen=True, slots=True)
class RewardModel:
    """Coefficients [folds, K, F] learned without each fold, over features [N, F]; predictions stay in [low, high]."""

    features: Features
    coefficients: NDArray[np.float64]
    fold: NDArray[np.int64]
    low: float
    high: float

    def predict(self, rows: NDArray[np.int64], position: int | None = None) -> NDArray[np.float64]:
        """Return every arm's expected reward in the contexts of some rows [rows, K], at another position if given."""
        phi = self.features.of_rows(rows)
        if position is not None and self.features.positions.size:
            phi[:, -self.features.positions.size :] = self.features.positions == position
        found = np.empty((rows.size, self.coefficients.shape[1]))
        for fold in np.unique(self.fold[rows]).tolist():
            here = self.fold[rows] == fold
            found[here] = phi[here] @ self.coefficients[fold].T
        return np.clip(found, self.low, self.high)


def fit(log: LoggedFeedback, fold: NDArray[np.int64]) -> RewardModel:
    """Return the model whose coefficients for a fold come from the rows of all other folds.

    Each arm is drawn to the regression over all arms: theta_a = theta_0 + (A_a + ridge)^-1 (b_a - A_a theta_0). The
    pair of strengths, one for all arms, is that with the least squared error on the rows left out.
    """
    phi = Features.of(log.x, log.position, log.memory)
    design, moments = _sums(phi, log, fold)
    design, moments = _of_others(design), _of_others(moments)
    eye = np.eye(phi.width)
    common = np.linalg.solve(design.sum(axis=1) + _COMMON_RIDGE * eye, moments.sum(axis=1)[:, :, None])[:, :, 0]
    left = moments - np.einsum("jkfg,jg->jkf", design, common)
    ends = [(log.reward[rows].min(), log.reward[rows].max()) for rows in stretches(log.rows, log.memory)]
    low, high = float(min(each for each, _ in ends)), float(max(each for _, each in ends))
    models = []
    for level, slope in product(LEVELS, SLOPES):
        ridge = np.diag(np.where(np.arange(phi.width) == 0, level, slope))
        own = np.linalg.solve(design + ridge, left[..., None])[..., 0]
        models.append(RewardModel(phi, common[:, None, :] + own, fold, low, high))

    def errors(rows: NDArray[np.int64]) -> list[NDArray[np.float64]]:
        features, reward = phi.of_rows(rows), log.reward[rows]
        of_arm = fold[rows], log.action[rows]
        guesses = (np.einsum("nf,nf->n", features, each.coefficients[of_arm]) for each in models)
        return [np.square(reward - np.clip(guess, low, high)) for guess in guesses]

    return models[int(np.argmin(summed(log.rows, log.memory, errors)))]


def _of_others(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return for each fold the sum of all others; the whole less its own would keep rounding errors of what it was."""
    return np.stack([np.delete(sums, fold, axis=0).sum(axis=0) for fold in range(len(sums))])


def _sums(
    phi: Features, log: LoggedFeedback, fold: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return sum phi phi' [folds, K, F, F] and sum reward phi [folds, K, F] of each fold and arm, some rows at a time.

    Of up to AT_ONCE rows each is one product of matrices; of more their sum, whose last digits may differ from it.
    """
    arms, width = len(log.arms), phi.width
    count = 1 + max(int(fold[rows].max()) for rows in stretches(log.rows, log.memory))
    design, moments = np.zeros((count, arms, width, width)), np.zeros((count, arms, width))
    for rows in stretches(log.rows, log.memory):
        cell = fold[rows] * arms + log.action[rows]
        order = np.argsort(cell, kind="stable")
        bounds = np.flatnonzero(np.diff(cell[order], prepend=-1, append=-1))
        features, reward = phi.of_rows(rows[order]), log.reward[rows[order]]
        for start, end in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
            at, of_cell = divmod(int(cell[order[start]]), arms), features[start:end]
            design[at] += of_cell.T @ of_cell
            moments[at] += reward[start:end] @ of_cell
    return design, moments
