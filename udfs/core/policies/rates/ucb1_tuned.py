"""UCB1-tuned: a bound on the click rate that looks at its variance (Auer, Cesa-Bianchi and Fischer 2002)."""

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


class UCB1Tuned(Policy):
    """score = p + alpha sqrt((L / n) min(1/4, V)), V = p (1 - p) + sqrt(2 L / n), L = ln t; p the click rate."""

    name: ClassVar[str] = "ucb1_tuned"
    contextual: ClassVar[bool] = False
    parameters: ClassVar[Mapping[str, Parameter]] = {"alpha": Parameter(1.0, 0.0, 10.0, "factor of the bound")}

    def score(
        self, contexts: Contexts, known: Coefficients, eligible: NDArray[np.int64], seeds: NDArray[np.uint64]
    ) -> Scores:
        """See Policy.score."""
        p, n = rates(known), known.impressions
        per_try = log_total(known) / np.where(n > 0.0, n, 1.0)
        variance = np.minimum(0.25, p * (1.0 - p) + np.sqrt(2.0 * per_try))
        bonus = np.where(n > 0.0, self.values["alpha"] * np.sqrt(per_try * variance), math.inf)
        return for_everybody(contexts.x.shape[0], p, bonus)
