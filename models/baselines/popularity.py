"""POP: every item by its share of the training events."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tideline.models.data import Sequences


def shares(data: Sequences) -> NDArray[np.float64]:
    """Return the share of each item [N] among the events that have one, with one event added to every item."""
    counts = np.bincount(data.item[data.item >= 0], minlength=data.item_names.size) + 1.0
    share: NDArray[np.float64] = counts / counts.sum()
    return share


class Popularity:
    """The same probabilities for every target."""

    gives_probabilities: ClassVar[bool] = True

    def __init__(self, train: Sequences) -> None:
        self._share = shares(train)

    def scores(self, data: Sequences, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the probability of each item [B, N] at rows [B] of data in the training items' codes."""
        return np.tile(self._share, (rows.size, 1))
