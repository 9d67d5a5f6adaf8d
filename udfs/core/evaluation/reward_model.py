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


@dataclass(frozen=True, slots=True)
class RewardModel:
    """Coefficients [folds, K, F] learned without each fold, over features [N, F]; predictions stay in [low, high]."""

    features: NDArray[np.float64]
    coefficients: NDArray[np.float64]
    fold: NDArray[np.int64]
    positions: NDArray[np.int64]
    """The positions that have a column, the last ones of the features."""
    low: float
    high: float

    def predict(self, rows: NDArray[np.int64], position: int | None = None) -> NDArray[np.float64]:
        """Return every arm's expected reward in the contexts of some rows [rows, K], at another position if given."""
        phi = self.features[rows]
        if position is not None and self.positions.size:
            phi[:, -self.positions.size :] = self.positions == position
        found = np.empty((rows.size, self.coefficients.shape[1]))
        for fold in np.unique(self.fold[rows]).tolist():
            here = self.fold[rows] == fold
            found[here] = phi[here] @ self.coefficients[fold].T
        return np.clip(found, self.low, self.high)


def features(x: NDArray[np.float64], position: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return a constant, x with every varying column at mean 0 and spread 1, and a column per position but one."""
    spread = x.std(axis=0)
    varies = spread > _SAME
    scaled = (x[:, varies] - x[:, varies].mean(axis=0)) / spread[varies]
    return np.column_stack([np.ones(len(x)), scaled, position[:, None] == np.unique(position)[1:]])


def fit(log: LoggedFeedback, fold: NDArray[np.int64]) -> RewardModel:
    """Return the model whose coefficients for a fold come from the rows of all other folds.

    Each arm is drawn to the regression over all arms: theta_a = theta_0 + (A_a + ridge)^-1 (b_a - A_a theta_0). The
    pair of strengths, one for all arms, is that with the least squared error on the rows left out.
    """
    phi = features(log.x, log.position)
    design, moments = _sums(phi, log, fold)
    design, moments = design.sum(axis=0) - design, moments.sum(axis=0) - moments
    eye = np.eye(phi.shape[1])
    common = np.linalg.solve(design.sum(axis=1) + _COMMON_RIDGE * eye, moments.sum(axis=1)[:, :, None])[:, :, 0]
    left = moments - np.einsum("jkfg,jg->jkf", design, common)
    low, high = float(log.reward.min()), float(log.reward.max())
    positions = np.unique(log.position)[1:]
    best, least = None, np.inf
    for level, slope in product(LEVELS, SLOPES):
        ridge = np.diag(np.where(np.arange(phi.shape[1]) == 0, level, slope))
        own = np.linalg.solve(design + ridge, left[..., None])[..., 0]
        model = RewardModel(phi, common[:, None, :] + own, fold, positions, low, high)
        guess = np.einsum("nf,nf->n", phi, model.coefficients[fold, log.action])
        error = float(np.square(log.reward - np.clip(guess, low, high)).sum())
        if best is None or error < least:
            best, least = model, error
    if best is None:
        raise AssertionError("no strength to try")
    return best


def _sums(
    phi: NDArray[np.float64], log: LoggedFeedback, fold: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return sum phi phi' [folds, K, F, F] and sum reward phi [folds, K, F] of each fold and arm."""
    count, arms, width = int(fold.max()) + 1, len(log.arms), phi.shape[1]
    design, moments = np.zeros((count, arms, width, width)), np.zeros((count, arms, width))
    cell = fold * arms + log.action
    order = np.argsort(cell, kind="stable")
    bounds = np.flatnonzero(np.diff(cell[order], prepend=-1, append=-1))
    for start, end in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
        rows = order[start:end]
        at = divmod(int(cell[rows[0]]), arms)
        design[at] = phi[rows].T @ phi[rows]
        moments[at] = log.reward[rows] @ phi[rows]
    return design, moments
