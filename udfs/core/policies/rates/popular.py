"""Most clicked first, the same for everybody: the baseline, and the rule of the list for strangers."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from tideline.udfs.core.policies.base import Policy, Scores, for_everybody

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tideline.udfs.core.policies.base import Contexts
    from tideline.udfs.core.policies.policy_table import Coefficients


class Popular(Policy):
    """score = (clicks + 1) / (n + 50): an unseen activity starts at 2 %, an ordinary click rate."""

    name: ClassVar[str] = "popular"
    contextual: ClassVar[bool] = False

    def score(
        self, contexts: Contexts, known: Coefficients, eligible: NDArray[np.int64], seeds: NDArray[np.uint64]
    ) -> Scores:
        """See Policy.score."""
        rate = (known.clicks + 1.0) / (known.impressions + 50.0)
        return for_everybody(contexts.x.shape[0], rate, np.zeros_like(rate))
