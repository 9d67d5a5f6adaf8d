"""The UCB of the article the product began with, a Chernoff bound on a rate: smoothed, and as it is written."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from tideline.udfs.core.policies.base import RIDGE, Policy, Scores, linear_mean
from tideline.udfs.core.policies.parameters import Parameter

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from tideline.udfs.core.policies.base import Contexts
    from tideline.udfs.core.policies.policy_table import Coefficients


class ChernoffUCB(Policy):
    """score = x'theta + alpha sqrt(2 q ln(K t) / (n + 2)), q = (clicks + 1) / (n + 2).

    K is the number of eligible activities, t all impressions and n the activity's own. With clicks C and q = C/n this
    is the article's sqrt(2 ln(K t) / C) q = sqrt(2 q ln(K t) / n), the width of Chernoff's bound on a small rate;
    smoothing keeps an activity without clicks alive. `literal` is the text itself, for comparison: one that was shown
    and never clicked gets no bonus and is locked out.
    """

    name: ClassVar[str] = "chernoff_ucb"
    reads_eligible: ClassVar[bool] = True
    parameters: ClassVar[Mapping[str, Parameter]] = {
        "alpha": Parameter(1.0, 0.0, 10.0, "factor of the bound"),
        "ridge": RIDGE,
        "literal": Parameter(0.0, 0.0, 1.0, "1: the article's text without smoothing"),
    }

    def score(
        self, contexts: Contexts, known: Coefficients, eligible: NDArray[np.int64], seeds: NDArray[np.uint64]
    ) -> Scores:
        """See Policy.score."""
        log_kt = np.log(np.maximum(eligible[:, None] * np.maximum(known.total, 1.0), 1.0))
        bound = _literal if self.values["literal"] else _smoothed
        return Scores(linear_mean(contexts.x, known), self.values["alpha"] * bound(known, log_kt))


def _smoothed(known: Coefficients, log_kt: NDArray[np.float64]) -> NDArray[np.float64]:
    rate = (known.clicks + 1.0) / (known.impressions + 2.0)
    found: NDArray[np.float64] = np.sqrt(2.0 * rate * log_kt / (known.impressions + 2.0))
    return found


def _literal(known: Coefficients, log_kt: NDArray[np.float64]) -> NDArray[np.float64]:
    n, clicks = known.impressions, known.clicks
    clicked = np.where(clicks > 0.0, clicks, 1.0)
    bound = np.sqrt(2.0 * log_kt / clicked) * clicks / np.where(n > 0.0, n, 1.0)
    return np.where(n > 0.0, bound, np.inf)
