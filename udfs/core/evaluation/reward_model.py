"""The reward model of the direct method: a ridge regression per arm, cross-fitted by decision."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tideline.udfs.core.evaluation.log import LoggedFeedback

LEVELS, SLOPES = (10.0, 100.0, 1000.0), (100.0, 1000.0, 10_000.0)
"""Strengths tried for the constant and for all other features, in rows: with so many an arm's own evidence weighs as
much as that of all arms. An arm's level is told by fewer rows than its taste."""
_COMMON_RIDGE = 1.0
_SAME = 1e-9
_AT_ONCE = 65_536
"""Rows whose features are in memory together: of all rows of a log they take twice what the log does."""


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
    def of(cls, x: NDArray[np.float64], position: NDArray[np.int64]) -> Features:
        """Return the features of all rows: x [N, D], position [N]."""
        mean, spread = moments(x)
        varies = np.flatnonzero(spread > _SAME)
        return cls(x, position, varies, mean[varies], spread[varies], np.unique(position)[1:])

    @property
    def width(self) -> int:
        """F, how many there are of a row."""
        return 1 + self.varies.size + self.positions.size

    def of_rows(self, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return those of some rows [rows, F]."""
        scaled = (self.x[rows[:, None], self.varies] - self.mean) / self.spread
        return np.column_stack([np.ones(rows.size), scaled, self.position[rows, None] == self.positions])


def moments(x: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return mean and spread of each column [N, D], one column at a time: all at once take two more of x."""
    columns = [x[:, at] for at in range(x.shape[1])] if len(x) else []
    if not columns:
        return np.zeros(x.shape[1]), np.zeros(x.shape[1])
    return np.array([each.mean() for each in columns]), np.array([each.std() for each in columns])


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
    phi = Features.of(log.x, log.position)
    design, moments = _sums(phi, log, fold)
    design, moments = _of_others(design), _of_others(moments)
    eye = np.eye(phi.width)
    common = np.linalg.solve(design.sum(axis=1) + _COMMON_RIDGE * eye, moments.sum(axis=1)[:, :, None])[:, :, 0]
    left = moments - np.einsum("jkfg,jg->jkf", design, common)
    low, high = float(log.reward.min()), float(log.reward.max())
    best, least = None, np.inf
    for level, slope in product(LEVELS, SLOPES):
        ridge = np.diag(np.where(np.arange(phi.width) == 0, level, slope))
        own = np.linalg.solve(design + ridge, left[..., None])[..., 0]
        model = RewardModel(phi, common[:, None, :] + own, fold, low, high)
        guess = _guessed(model, log)
        error = float(np.square(log.reward - np.clip(guess, low, high)).sum())
        if best is None or error < least:
            best, least = model, error
    if best is None:
        raise AssertionError("no strength to try")
    return best


def _of_others(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return for each fold the sum of all others; the whole less its own would keep rounding errors of what it was."""
    return np.stack([np.delete(sums, fold, axis=0).sum(axis=0) for fold in range(len(sums))])


def _guessed(model: RewardModel, log: LoggedFeedback) -> NDArray[np.float64]:
    """Return what is foretold of each row's own arm [N], within no bounds."""
    found = np.empty(log.rows)
    for start in range(0, log.rows, _AT_ONCE):
        rows = np.arange(start, min(start + _AT_ONCE, log.rows))
        own = model.coefficients[model.fold[rows], log.action[rows]]
        found[rows] = np.einsum("nf,nf->n", model.features.of_rows(rows), own)
    return found


def _sums(
    phi: Features, log: LoggedFeedback, fold: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return sum phi phi' [folds, K, F, F] and sum reward phi [folds, K, F] of each fold and arm."""
    count, arms, width = int(fold.max()) + 1, len(log.arms), phi.width
    design, moments = np.zeros((count, arms, width, width)), np.zeros((count, arms, width))
    cell = fold * arms + log.action
    order = np.argsort(cell, kind="stable")
    bounds = np.flatnonzero(np.diff(cell[order], prepend=-1, append=-1))
    for start, end in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
        rows = order[start:end]
        at = divmod(int(cell[rows[0]]), arms)
        of_cell = phi.of_rows(rows)
        design[at] = of_cell.T @ of_cell
        moments[at] = log.reward[rows] @ of_cell
    return design, moments
