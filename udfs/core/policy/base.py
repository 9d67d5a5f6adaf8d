"""The interface of a policy, and the two quantities most of them are made of."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar, NamedTuple

import numpy as np

from udfs.core.policy_table import INVERSE_UNIT, THETA_UNIT, UPPER, X_UNIT

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from udfs.core.policy_table import Coefficients


class Scores(NamedTuple):
    """Expected reward and exploration bonus of each activity for each user, [U, K]; they are ranked by the sum."""

    mean: NDArray[np.float64]
    bonus: NDArray[np.float64]


class Policy(ABC):
    """A rule from contexts and what was learned to scores. A score depends on its own row of the table alone."""

    name: ClassVar[str]
    randomised: ClassVar[bool] = False
    """Whether the scores themselves are drawn, so that a propensity cannot be stated."""

    def __init__(self, alpha: float) -> None:
        self.alpha = alpha

    @abstractmethod
    def score(
        self,
        x: NDArray[np.int8],
        known: Coefficients,
        eligible: NDArray[np.int64],
        seeds: NDArray[np.uint64],
    ) -> Scores:
        """Score K activities for U contexts `x` [U, DIM] in units of 1/127.

        `eligible` [U] is how many activities each user may be shown, `seeds` [U] one number per decision.
        The same row of inputs gives the same bits in any batch.
        """


def linear_mean(x: NDArray[np.int8], known: Coefficients) -> NDArray[np.float64]:
    """Return x'theta [U, K]."""
    return (x.astype(np.float64) @ known.theta.T) * (X_UNIT * THETA_UNIT)


def width(x: NDArray[np.int8], known: Coefficients) -> NDArray[np.float64]:
    """Return sqrt(x' A^-1 x) [U, K], as one matrix product over the products of pairs of x."""
    whole = x.astype(np.float64)
    pairs = whole[:, UPPER[0]] * whole[:, UPPER[1]]
    squared = (pairs @ known.inverse.T) * (X_UNIT * X_UNIT * INVERSE_UNIT)
    found: NDArray[np.float64] = np.sqrt(np.maximum(squared, 0.0))
    return found
