"""Softmax: activities drawn in proportion to exp(x'theta / T), the score sigma(Wu + b) of a softmax layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from tideline.udfs.core.counter_random import gumbel
from tideline.udfs.core.policies.base import RIDGE, Policy, Scores, linear_mean
from tideline.udfs.core.policies.parameters import Parameter

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from tideline.udfs.core.policies.base import Contexts
    from tideline.udfs.core.policies.policy_table import Coefficients


class Softmax(Policy):
    """score = x'theta + T g, g ~ Gumbel(0, 1) from the decision's seed and the activity's place.

    W and b are the rows of theta, u the context without its constant. Ranked by these scores a list is a draw of the
    Plackett-Luce model (Yellott 1977): each position takes a of the remaining R with probability exp(s_a / T) / sum_R.
    """

    name: ClassVar[str] = "softmax"
    randomised: ClassVar[bool] = True
    parameters: ClassVar[Mapping[str, Parameter]] = {
        "temperature": Parameter(0.01, 1e-4, 10.0, "difference in expected reward that makes e times as likely"),
        "ridge": RIDGE,
    }

    def score(
        self, contexts: Contexts, known: Coefficients, eligible: NDArray[np.int64], seeds: NDArray[np.uint64]
    ) -> Scores:
        """See Policy.score."""
        drawn = gumbel(seeds, known.impressions.size)
        return Scores(linear_mean(contexts.x, known), self.values["temperature"] * drawn)

    def chances(self, contexts: Contexts, known: Coefficients, mask: NDArray[np.bool_]) -> NDArray[np.float64]:
        """See Policy.chances."""
        logits = np.where(mask, linear_mean(contexts.x, known) / self.values["temperature"], -np.inf)
        highest = logits.max(axis=1, keepdims=True, initial=-np.inf)
        raised = np.exp(logits - np.where(np.isfinite(highest), highest, 0.0))
        total = raised.sum(axis=1, keepdims=True)
        found: NDArray[np.float64] = raised / np.where(total > 0.0, total, 1.0)
        return found
