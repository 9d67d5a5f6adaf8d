"""LinUCB with disjoint models (Li et al. 2010, algorithm 1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from tideline.udfs.core.policies.base import ALPHA, RIDGE, Policy, Scores, linear_mean, width
from tideline.udfs.core.policies.regression import Regression, Sharing

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from tideline.udfs.core.policies.base import Contexts
    from tideline.udfs.core.policies.parameters import Parameter
    from tideline.udfs.core.policies.policy_table import Coefficients


class LinUCB(Policy):
    """score = x'theta + alpha sqrt(x' A^-1 x); each activity learns from its own impressions alone."""

    name: ClassVar[str] = "linucb"
    parameters: ClassVar[Mapping[str, Parameter]] = {
        "alpha": ALPHA._replace(default=0.7),
        "ridge": RIDGE._replace(default=2.0),
    }

    @property
    def regression(self) -> Regression:
        """See Policy.regression."""
        return Regression(self.values["ridge"], Sharing.NONE)

    def score(
        self, contexts: Contexts, known: Coefficients, eligible: NDArray[np.int64], seeds: NDArray[np.uint64]
    ) -> Scores:
        """See Policy.score."""
        bonus = width(contexts.x, known)
        bonus *= self.values["alpha"]
        return Scores(linear_mean(contexts.x, known), bonus)
