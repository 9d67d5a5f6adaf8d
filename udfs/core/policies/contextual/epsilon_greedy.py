"""Epsilon-greedy: the best expected reward; all exploration is the exploration share of the ranking."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from tideline.udfs.core.policies.base import RIDGE, Policy, Scores, linear_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from tideline.udfs.core.policies.base import Contexts
    from tideline.udfs.core.policies.parameters import Parameter
    from tideline.udfs.core.policies.policy_table import Coefficients


class EpsilonGreedy(Policy):
    """score = x'theta."""

    name: ClassVar[str] = "epsilon_greedy"
    parameters: ClassVar[Mapping[str, Parameter]] = {"ridge": RIDGE}

    def score(
        self, contexts: Contexts, known: Coefficients, eligible: NDArray[np.int64], seeds: NDArray[np.uint64]
    ) -> Scores:
        """See Policy.score."""
        mean = linear_mean(contexts.x, known)
        return Scores(mean, np.zeros_like(mean))
