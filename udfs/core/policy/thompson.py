"""Linear Thompson sampling: each score is drawn from its posterior (Agrawal and Goyal 2013)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from udfs.core.policy.base import Policy, Scores, linear_mean, width
from udfs.core.seeded import normal

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from udfs.core.policy_table import Coefficients


class Thompson(Policy):
    """score ~ Normal(x'theta, (alpha)^2 x' A^-1 x), drawn from the decision's seed and the activity's place."""

    name: ClassVar[str] = "thompson"
    randomised: ClassVar[bool] = True

    def score(
        self, x: NDArray[np.int8], known: Coefficients, eligible: NDArray[np.int64], seeds: NDArray[np.uint64]
    ) -> Scores:
        """See Policy.score."""
        drawn = normal(seeds, known.impressions.size)
        return Scores(linear_mean(x, known), self.alpha * width(x, known) * drawn)
