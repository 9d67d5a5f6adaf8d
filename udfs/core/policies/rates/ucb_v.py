"""UCB-V: an empirical Bernstein bound on the click rate (Audibert, Munos and Szepesvari 2009)."""

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


class UCBV(Policy):
    """score = p + sqrt(2 p (1 - p) z L / n) + 3 c z L / n, L = ln t; p the click rate of n impressions."""

    name: ClassVar[str] = "ucb_v"
    contextual: ClassVar[bool] = False
    parameters: ClassVar[Mapping[str, Parameter]] = {
        "z": Parameter(1.0, 0.0, 10.0, "exploration; above 1 in theory"),
        "c": Parameter(0.3, 0.0, 10.0, "weight of the term for few impressions; 1 in theory"),
    }

    def score(
        self, contexts: Contexts, known: Coefficients, eligible: NDArray[np.int64], seeds: NDArray[np.uint64]
    ) -> Scores:
        """See Policy.score."""
        p, n = rates(known), known.impressions
        per_try = self.values["z"] * log_total(known) / np.where(n > 0.0, n, 1.0)
        bound = np.sqrt(2.0 * p * (1.0 - p) * per_try) + 3.0 * self.values["c"] * per_try
        return for_everybody(contexts.x.shape[0], p, np.where(n > 0.0, bound, math.inf))
