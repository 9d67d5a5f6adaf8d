"""The interface of a policy, and the two quantities most of them are made of."""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np

from tideline.udfs.core.fixed_point import INVERSE_UNIT, THETA_UNIT, X_UNIT
from tideline.udfs.core.policies.parameters import Parameter
from tideline.udfs.core.policies.regression import Regression

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from tideline.udfs.core.policies.policy_table import Coefficients

SCORE_UNITS = 2.0**30
"""Scores are compared in steps of 1e-9, below any difference that matters and above the rounding of a sqrt."""
STEPS = 2.0**46
"""No score is more steps than that from 0: from half of it on a step is a part of the score itself."""
_EVEN_BITS = 45
_PAIRED_AT_ONCE = 256
_OCTAVE = 2.0**39
ALPHA = Parameter(0.1, 0.0, 10.0, "width of the confidence bound; 0 is greedy")
RIDGE = Parameter(1.0, 1.0, 1e6, "impressions that the assumption of no effect weighs as")


class Contexts(NamedTuple):
    """U users as they are scored."""

    x: NDArray[np.int8]
    """[U, d] in units of 1/127."""
    pairs: NDArray[np.uint32] | None = None
    """[U, K] what each has to do with each activity (pair_numbers.py); None for policies that do not read it."""

    def part(self, users: Any) -> Contexts:
        """Return some of the users, by a slice, a mask or their numbers."""
        return Contexts(self.x[users], None if self.pairs is None else self.pairs[users])


class Scores(NamedTuple):
    """Expected reward and exploration bonus of each activity for each user, [U, K]; they are ranked by the sum."""

    mean: NDArray[np.float64]
    bonus: NDArray[np.float64]


class Policy(ABC):
    """A rule from contexts and what was learned to scores. A score depends on its own row of the table alone."""

    name: ClassVar[str]
    parameters: ClassVar[Mapping[str, Parameter]] = {}
    randomised: ClassVar[bool] = False
    """Whether the scores themselves are drawn, so that the first of a list is not certain before exploration."""
    contextual: ClassVar[bool] = True
    """Whether it reads the regression; one that reads counts alone ranks by the rows of any."""
    reads_eligible: ClassVar[bool] = False
    """Whether its scores depend on how many activities a user may be shown."""
    reads_pairs: ClassVar[bool] = False
    """Whether it needs to know what each user has to do with each activity, see Contexts."""

    weighs_bonus: ClassVar[bool] = False
    """Whether its bonus is as much as a click is worth, and not the same by any weights."""

    def __init__(self, **values: float) -> None:
        """Take values of its parameters; those left out have their defaults."""
        self.values = {name: values.get(name, declared.default) for name, declared in self.parameters.items()}

    @property
    def regression(self) -> Regression:
        """How policy rows are solved from the sums for it."""
        return Regression(self.values.get("ridge", RIDGE.default))

    @abstractmethod
    def score(
        self,
        contexts: Contexts,
        known: Coefficients,
        eligible: NDArray[np.int64],
        seeds: NDArray[np.uint64],
    ) -> Scores:
        """Score K activities for U users.

        `eligible` [U] is how many activities each user may be shown, `seeds` [U] one number per decision.
        An activity that was never tried may have an infinite bonus. The same row of inputs gives the same bits in any
        batch.
        """

    def chances(self, contexts: Contexts, known: Coefficients, mask: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Return the probability [U, K] that each activity of a user's mask scores best, over all seeds.

        Rows sum to 1; those of a user without eligible activities are 0. Equal scores share.
        """
        seeds = np.zeros(mask.shape[0], np.uint64)
        scores = self.score(contexts, known, mask.sum(axis=1), seeds)
        rounded = np.where(mask, in_steps(scores.mean + scores.bonus), -np.inf)
        best = mask & (rounded == rounded.max(axis=1, keepdims=True, initial=-np.inf))
        found: NDArray[np.float64] = best / np.maximum(best.sum(axis=1, keepdims=True), 1)
        return found


def in_steps(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return scores as whole numbers in their order, at most STEPS from 0; overwrites them.

    Steps of 1e-9 up to 32,768, above it steps of 2e-12 of the power of two below a score: whatever a currency's unit.
    """
    scores *= SCORE_UNITS
    even = 2.0**_EVEN_BITS
    if scores.size and (scores.max() > even or scores.min() < -even):
        large = np.abs(scores) > even
        part, bits = np.frexp(scores[large])
        steps = even + (bits - _EVEN_BITS - 1 + 2.0 * np.abs(part) - 1.0) * _OCTAVE
        scores[large] = np.copysign(np.where(np.isfinite(part), steps, STEPS), part)
        np.clip(scores, -STEPS, STEPS, out=scores)
    return np.rint(scores, out=scores)


def linear_mean(x: NDArray[np.int8], known: Coefficients) -> NDArray[np.float64]:
    """Return x'theta [U, K]."""
    found: NDArray[np.float64] = x.astype(np.float64) @ known.theta.T
    found *= X_UNIT * THETA_UNIT
    return found


def width(x: NDArray[np.int8], known: Coefficients) -> NDArray[np.float64]:
    """Return sqrt(x' A^-1 x) [U, K]."""
    squared = squared_width(x, known)
    return np.sqrt(squared, out=squared)


def squared_width(x: NDArray[np.int8], known: Coefficients) -> NDArray[np.float64]:
    """Return x' A^-1 x [U, K], as one matrix product over the products of pairs of x."""
    squared: NDArray[np.float64] = _pairs(x) @ known.inverse.T
    squared *= X_UNIT * X_UNIT * INVERSE_UNIT
    return np.maximum(squared, 0.0, out=squared)


def rates(known: Coefficients) -> NDArray[np.float64]:
    """Return the click rate of each activity [K], 0 for one that was never shown."""
    found: NDArray[np.float64] = known.clicks / np.where(known.impressions > 0.0, known.impressions, 1.0)
    return found


def log_total(known: Coefficients) -> NDArray[np.float64]:
    """Return ln t [K], t the impressions of all activities, at least 1."""
    found: NDArray[np.float64] = np.log(np.maximum(known.total, 1.0))
    return found


def for_everybody(users: int, mean: NDArray[np.float64], bonus: NDArray[np.float64]) -> Scores:
    """Return scores [K] that do not depend on the user as [U, K]."""
    shape = (users, mean.size)
    return Scores(np.broadcast_to(mean, shape), np.broadcast_to(bonus, shape))


def _pairs(x: NDArray[np.int8]) -> NDArray[np.float64]:
    """Return the products of each two numbers of x, those of np.triu_indices in their order."""
    # For few users at a time, so that they stay in the cache, and handed on transposed: at 1 to 250 users a fifth to
    # three fifths of the time of a loop over the numbers.
    whole = np.ascontiguousarray(x.T, np.float64)
    first, second = _upper(whole.shape[0])
    found = np.empty((first.size, whole.shape[1]))
    for start in range(0, whole.shape[1], _PAIRED_AT_ONCE):
        part = whole[:, start : start + _PAIRED_AT_ONCE]
        np.multiply(part.take(first, axis=0), part.take(second, axis=0), out=found[:, start : start + _PAIRED_AT_ONCE])
    return found.T


@lru_cache
def _upper(dim: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    return np.triu_indices(dim)
