"""The UCB of the article the product is named for, in its smoothed form."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from udfs.core.policy.base import Policy, Scores, linear_mean

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from udfs.core.policy_table import Coefficients


class Article(Policy):
    """score = x'theta + alpha sqrt(2 q ln(K t) / (n + 2)), q = (clicks + 1) / (n + 2).

    K is the number of eligible activities, t all impressions and n the activity's own when it was last published.
    With clicks C and q = C/n this is the article's sqrt(2 ln(Kt)/C) q; smoothing keeps one without clicks alive.
    """

    name: ClassVar[str] = "article"

    def score(
        self, x: NDArray[np.int8], known: Coefficients, eligible: NDArray[np.int64], seeds: NDArray[np.uint64]
    ) -> Scores:
        """See Policy.score."""
        mean = linear_mean(x, known)
        rate = (known.clicks + 1.0) / (known.impressions + 2.0)
        log_kt = np.log(np.maximum(eligible[:, None] * np.maximum(known.total, 1.0), 1.0))
        return Scores(mean, self.alpha * np.sqrt(2.0 * rate * log_kt / (known.impressions + 2.0)))
