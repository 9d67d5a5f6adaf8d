"""The one place for constraints on a whole list: budgets, pacing, diversity and exposure belong here.

Constraints on single activities (status, time window, rule, cap) are in `catalogue.eligible`, before scoring.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def constrain(order: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the lists [U, k] as they may be published. No list constraint exists yet, so they are as they came."""
    return order
