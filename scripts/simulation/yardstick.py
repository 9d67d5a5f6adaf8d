"""What others would get from the same visitors: the lines that ranked lists are compared with."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

TITLES = {
    "popular_best": "one list for all, the best in hindsight",
    "content": "content only, nothing learned",
    "attainable": "attainable, knowing the truth",
}
"""Names of yardsticks, and what each is in words."""


class Yardstick(NamedTuple):
    """One way to rank, by slice of simulated time: the visitors who are not of the holdout see its lists."""

    name: str
    """A key of TITLES."""
    impressions: NDArray[np.int64]
    clicks: NDArray[np.float64]
    """As many as the truth expects: not drawn."""

    def rate(self, first: int = 0, after: int | None = None) -> float:
        """Return clicks by impressions in the slices from `first` to before `after`; NaN where nobody came."""
        shown = int(self.impressions[first:after].sum())
        return float(self.clicks[first:after].sum()) / shown if shown else math.nan
