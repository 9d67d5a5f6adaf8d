"""Linear Thompson sampling: each score is drawn from its posterior (Agrawal and Goyal 2013)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from tideline.udfs.core.counter_random import normal
from tideline.udfs.core.policies.base import ALPHA, RIDGE, Policy, Scores, linear_mean, width

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from tideline.udfs.core.policies.base import Contexts
    from tideline.udfs.core.policies.parameters import Parameter
    from tideline.udfs.core.policies.policy_table import Coefficients

_NODES = 4096
_REACH = 8.0
_LEAST_WIDTH = 1e-9


class Thompson(Policy):
    """score ~ Normal(x'theta, alpha^2 x' A^-1 x), drawn from the decision's seed and the activity's place."""

    name: ClassVar[str] = "thompson"
    randomised: ClassVar[bool] = True
    parameters: ClassVar[Mapping[str, Parameter]] = {"alpha": ALPHA, "ridge": RIDGE}

    def score(
        self, contexts: Contexts, known: Coefficients, eligible: NDArray[np.int64], seeds: NDArray[np.uint64]
    ) -> Scores:
        """See Policy.score."""
        drawn = normal(seeds, known.impressions.size)
        return Scores(linear_mean(contexts.x, known), self.values["alpha"] * width(contexts.x, known) * drawn)

    def chances(self, contexts: Contexts, known: Coefficients, mask: NDArray[np.bool_]) -> NDArray[np.float64]:
        """See Policy.chances; by integration over the best score, to 1e-6 and scaled to the sum 1."""
        means = linear_mean(contexts.x, known)
        widths = np.maximum(self.values["alpha"] * width(contexts.x, known), _LEAST_WIDTH)
        found = np.zeros(mask.shape)
        for user in np.flatnonzero(mask.any(axis=1)).tolist():
            who = np.flatnonzero(mask[user])
            found[user, who] = _chances_of_best(means[user, who], widths[user, who])
        return found


def _chances_of_best(mean: NDArray[np.float64], deviation: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return P(a is the largest) of independent normals: sum over s of phi_a(s) prod_{b != a} Phi_b(s)."""
    lowest = float((mean - _REACH * deviation).max())
    highest = float((mean + _REACH * deviation).max())
    edges = np.unique(np.concatenate([_cuts(mean, deviation, lowest, highest), [lowest, highest]]))
    below = _phi((edges[:, None] - mean) / deviation)
    log_below = np.log(np.maximum(below, 1e-300))
    middle = (log_below[1:] + log_below[:-1]) / 2.0
    others = np.exp(middle.sum(axis=1, keepdims=True) - middle)
    chance = (np.diff(below, axis=0) * others).sum(axis=0)
    found: NDArray[np.float64] = chance / chance.sum()
    return found


def _cuts(
    mean: NDArray[np.float64], deviation: NDArray[np.float64], lowest: float, highest: float
) -> NDArray[np.float64]:
    """Return the places to integrate between: dense where any of the scores is likely."""
    steps = np.linspace(-_REACH, _REACH, max(_NODES // mean.size, 32))
    places = mean[:, None] + deviation[:, None] * steps
    inside = places[(places > lowest) & (places < highest)]
    return np.sort(inside)


def _phi(z: NDArray[np.float64]) -> NDArray[np.float64]:
    found: NDArray[np.float64] = 0.5 * np.vectorize(math.erfc, otypes=[np.float64])(-z / math.sqrt(2.0))
    return found
