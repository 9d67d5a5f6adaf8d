"""KL-UCB: the tightest bound on a click rate of the UCB family (Garivier and Cappe 2011)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from tideline.udfs.core.policies.base import Policy, Scores, for_everybody, log_total, rates
from tideline.udfs.core.policies.parameters import Parameter

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from tideline.udfs.core.policies.base import Contexts
    from tideline.udfs.core.policies.policy_table import Coefficients

_HALVINGS = 50
_TINY = 1e-300


class KLUCB(Policy):
    """score = max{q : n kl(p, q) <= L + c ln L}, L = ln t; kl of two Bernoulli rates, p that of n impressions."""

    name: ClassVar[str] = "kl_ucb"
    contextual: ClassVar[bool] = False
    parameters: ClassVar[Mapping[str, Parameter]] = {
        "c": Parameter(0.0, 0.0, 10.0, "weight of ln ln t; 3 in theory, 0 in practice")
    }

    def score(
        self, contexts: Contexts, known: Coefficients, eligible: NDArray[np.int64], seeds: NDArray[np.uint64]
    ) -> Scores:
        """See Policy.score."""
        p, n = rates(known), known.impressions
        log_t = log_total(known)
        bound = log_t + self.values["c"] * np.log(np.maximum(log_t, 1.0))
        highest = _highest(p, bound / np.where(n > 0.0, n, 1.0))
        return for_everybody(contexts.x.shape[0], p, np.where(n > 0.0, highest - p, math.inf))


def _highest(p: NDArray[np.float64], bound: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the largest q >= p with kl(p, q) <= bound, by bisection between p and Pinsker's p + sqrt(bound / 2)."""
    low, high = p, np.minimum(1.0, p + np.sqrt(bound / 2.0))
    for _ in range(_HALVINGS):
        middle = (low + high) / 2.0
        fits = _divergence(p, middle) <= bound
        low, high = np.where(fits, middle, low), np.where(fits, high, middle)
    return low


def _divergence(p: NDArray[np.float64], q: NDArray[np.float64]) -> NDArray[np.float64]:
    click = p * np.log(np.maximum(p, _TINY) / np.maximum(q, _TINY))
    other = (1.0 - p) * np.log(np.maximum(1.0 - p, _TINY) / np.maximum(1.0 - q, _TINY))
    found: NDArray[np.float64] = click + other
    return found
