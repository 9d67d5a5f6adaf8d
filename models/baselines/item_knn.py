"""Item-kNN: items that occur in the same sequences as the last ones.

    s(i, j) = n(i, j) / sqrt((n(i) + DAMPING) (n(j) + DAMPING))

with n(i, j) the training sequences that have both items and n(i) those that have i: the cosine of their occurrence,
damped for rare items (Hidasi et al. 2016; session-rec's iknn). Each item keeps its `NEIGHBOURS` most similar; the
score of j is sum_age DECAY^age s(i_age, j) over the last `BACK` events, and items without any evidence follow by
popularity.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from tideline.models.baselines.context import items_before
from tideline.models.baselines.popularity import shares
from tideline.models.baselines.sparse import Rows, pair_counts, weighted_sums
from tideline.models.data import owners

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tideline.models.data import Sequences

BACK = 10
DECAY = 0.9
DAMPING = 20.0
NEIGHBOURS = 500
WITHOUT_EVIDENCE = 1e-9
"""Weight of popularity: below every score that has evidence."""


class ItemKnn:
    """Damped cosine of co-occurrence, summed over the last events."""

    gives_probabilities: ClassVar[bool] = False

    def __init__(self, train: Sequences) -> None:
        self._share = shares(train)
        self._similar = similarities(train)

    def scores(self, data: Sequences, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the score of each item [B, N] at rows [B] of data in the training items' codes."""
        items = items_before(data, rows, BACK)
        row, age = np.nonzero(items >= 0)
        shape = (rows.size, self._share.size)
        scores = weighted_sums(self._similar, items[row, age], DECAY**age, row, shape)
        scores += WITHOUT_EVIDENCE * self._share
        return scores


def similarities(train: Sequences) -> Rows:
    """Return s(i, j) of the `NEIGHBOURS` items j most similar to each item i."""
    size = train.item_names.size
    owner, known = owners(train), train.item >= 0
    by_sequence = pair_counts(owner[known], train.item[known], train.names.size, size)
    by_item = pair_counts(train.item[known], owner[known], size, train.names.size)
    scale = 1.0 / np.sqrt(np.diff(by_item.starts) + DAMPING)
    lengths, columns, values = np.zeros(size, np.int64), [], []
    for item in range(size):
        sequences = by_item.columns[by_item.starts[item] : by_item.starts[item + 1]]
        _, entry = by_sequence.taken(sequences)
        together = np.bincount(by_sequence.columns[entry], minlength=size)
        together[item] = 0
        others = np.flatnonzero(together)
        similar = together[others] * scale[others] * scale[item]
        if others.size > NEIGHBOURS:
            best = np.argpartition(-similar, NEIGHBOURS)[:NEIGHBOURS]
            others, similar = others[best], similar[best]
        lengths[item] = others.size
        columns.append(others)
        values.append(similar)
    return Rows(np.concatenate([[0], np.cumsum(lengths)]), np.concatenate(columns), np.concatenate(values))
