"""LinUCB with disjoint models (Li et al. 2010, algorithm 1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from udfs.core.policy.base import Policy, Scores, linear_mean, width

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from udfs.core.policy_table import Coefficients


class LinUCB(Policy):
    """score = x'theta + alpha sqrt(x' A^-1 x)."""

    name: ClassVar[str] = "linucb"

    def score(
        self, x: NDArray[np.int8], known: Coefficients, eligible: NDArray[np.int64], seeds: NDArray[np.uint64]
    ) -> Scores:
        """See Policy.score."""
        return Scores(linear_mean(x, known), self.alpha * width(x, known))
