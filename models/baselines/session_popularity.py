"""S-POP: the items of the sequence so far by how often they occurred, ties and all other items by popularity.

Hidasi et al. 2016, "Session-based recommendations with recurrent neural networks", section 4.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from tideline.models.baselines.context import all_items_before
from tideline.models.baselines.popularity import shares

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tideline.models.data import Sequences


class SessionPopularity:
    """Counts of the whole sequence before the target, plus the item's share of all events, which is below 1."""

    gives_probabilities: ClassVar[bool] = False

    def __init__(self, train: Sequences) -> None:
        self._share = shares(train)

    def scores(self, data: Sequences, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the score of each item [B, N] at rows [B] of data in the training items' codes."""
        scores = np.tile(self._share, (rows.size, 1))
        np.add.at(scores, all_items_before(data, rows), 1.0)
        return scores
