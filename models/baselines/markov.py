"""Decayed Markov: what followed the last items, the newest counting most.

    P(j) = sum_age w_age P(j | i_age) / sum_age w_age,  w_age = DECAY^age for age = 0..BACK-1
    P(j | i) = (n(i -> j) + PRIOR pop(j)) / (n(i) + PRIOR)

where i_age is the item `age` events before the newest and n(i -> j) how often j came right after i in training. Items
that training does not know are passed over; without any known one P is the popularity.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from tideline.models.baselines.context import items_before
from tideline.models.baselines.popularity import shares
from tideline.models.baselines.sparse import pair_counts, weighted_sums
from tideline.models.data import owners

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tideline.models.baselines.sparse import Rows
    from tideline.models.data import Sequences

DECAY = 0.85
BACK = 20
PRIOR = 20.0


def transitions(train: Sequences) -> Rows:
    """Return how often each item [N] came right after each item [N]."""
    owner = owners(train)
    before, after = train.item[:-1], train.item[1:]
    counted = (owner[:-1] == owner[1:]) & (before >= 0) & (after >= 0)
    return pair_counts(before[counted], after[counted], train.item_names.size, train.item_names.size)


class Markov:
    """First-order transitions, drawn to popularity and averaged over the last events."""

    gives_probabilities: ClassVar[bool] = True

    def __init__(self, train: Sequences) -> None:
        self._share = shares(train)
        self._moves = transitions(train)
        self._leaving = self._moves.totals()

    def scores(self, data: Sequences, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the probability of each item [B, N] at rows [B] of data in the training items' codes."""
        items = items_before(data, rows, BACK)
        weights = np.where(items >= 0, DECAY ** np.arange(BACK), 0.0)
        total = weights.sum(axis=1, keepdims=True)
        weights /= np.where(total > 0, total, 1.0)
        row, age = np.nonzero(items >= 0)
        item = items[row, age]
        weight = weights[row, age] / (self._leaving[item] + PRIOR)
        mixed = weighted_sums(self._moves, item, weight, row, (rows.size, self._share.size))
        prior = np.bincount(row, weight * PRIOR, minlength=rows.size)
        mixed += np.where(total[:, 0] > 0, prior, 1.0)[:, None] * self._share
        return mixed
