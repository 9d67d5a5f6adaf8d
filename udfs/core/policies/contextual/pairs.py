"""Ranks by pairs: what a user and an activity have to do with each other, learned from all activities at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from tideline.udfs.core.policies.base import ALPHA, Policy, Scores, linear_mean, squared_width
from tideline.udfs.core.policies.regression import Regression, Sharing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from tideline.udfs.core.policies.base import Contexts
    from tideline.udfs.core.policies.parameters import Parameter
    from tideline.udfs.core.policies.policy_table import Coefficients


class Pairs(Policy):
    """score = worth (z'w) + x'r + alpha worth s sqrt(x' A^-1 x + z' C^-1 z).

    z are the numbers of the pair, w is shared by all activities, r is the rest that an activity has of its own
    (pair_solving.py); worth is what a click of the activity brings, s the standard deviation of a click. What is not
    known of w and of r counts as independent, and so do the two halves of z (pair_table.py).
    """

    name: ClassVar[str] = "pairs"
    reads_pairs: ClassVar[bool] = True
    weighs_bonus: ClassVar[bool] = True
    parameters: ClassVar[Mapping[str, Parameter]] = {"alpha": ALPHA._replace(default=0.5)}

    @property
    def regression(self) -> Regression:
        """See Policy.regression."""
        return Regression(sharing=Sharing.PAIRS)

    def score(
        self, contexts: Contexts, known: Coefficients, eligible: NDArray[np.int64], seeds: NDArray[np.uint64]
    ) -> Scores:
        """See Policy.score."""
        pairs = known.pairs
        mean, variance = linear_mean(contexts.x, known), squared_width(contexts.x, known)
        pairs.add_to(mean, variance, contexts.pairs)
        bonus = np.sqrt(variance, out=variance)
        bonus *= self.values["alpha"] * pairs.noise * np.maximum(pairs.worth, 0.0)
        return Scores(mean, bonus)
