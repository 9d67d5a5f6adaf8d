"""n-gram: what followed the last items, longer contexts backed by shorter ones (interpolated Witten-Bell).

    P_k(j | c_k) = (n(c_k, j) + T(c_k) P_{k-1}(j | c_{k-1})) / (n(c_k) + T(c_k)),  P_{-1}(j) = 1 / N

where c_k are the last k items, n counts training events after them and T(c) is the number of distinct items after c
(Chen & Goodman 1998, section 2.4). The order is the greatest k. The start of a sequence is an item of contexts, so that
what opens a sequence is told from what is inside. A context that training has not seen, that reaches beyond the start
or holds an unknown item leaves P_{k-1} as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from tideline.models.baselines.context import items_before, lengths_before
from tideline.models.baselines.sparse import pair_counts, weighted_sums

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tideline.models.baselines.sparse import Rows
    from tideline.models.data import Sequences

ORDER = 3


@dataclass(frozen=True, slots=True)
class Level:
    """The contexts of one length that training has, in the order of their keys, and what followed them."""

    keys: NDArray[np.int64]
    """[K] rising: index of the context without its oldest item, times N + 1, plus that item; N is the start."""
    counts: Rows
    """[K, N] events after each context."""
    total: NDArray[np.float64]
    """[K] n(c) + T(c)."""
    left: NDArray[np.float64]
    """[K] T(c) / (n(c) + T(c)): the part of the shorter context."""


class Ngram:
    """Interpolated Witten-Bell over items."""

    gives_probabilities: ClassVar[bool] = True

    def __init__(self, train: Sequences, order: int = ORDER) -> None:
        size = train.item_names.size
        counted = np.flatnonzero(train.item >= 0)
        before = _before(train, counted, order)
        after = train.item[counted]
        events = np.bincount(after, minlength=size)
        distinct = np.count_nonzero(events)
        self._unigram = (events + distinct / size) / (after.size + distinct)
        self._levels: list[Level] = []
        context = np.zeros(after.size, np.int64)
        for oldest in range(order):
            known = before[:, oldest] >= 0
            before, after = before[known], after[known]
            keys, context = np.unique(context[known] * (size + 1) + before[:, oldest], return_inverse=True)
            counts = pair_counts(context, after, keys.size, size)
            followers = np.diff(counts.starts)
            total = counts.totals() + followers
            self._levels.append(Level(keys, counts, total, followers / total))

    def scores(self, data: Sequences, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the probability of each item [B, N] at rows [B] of data in the training items' codes."""
        shape = (rows.size, self._unigram.size)
        found = self._contexts(_before(data, rows, len(self._levels)))
        left = np.ones(rows.size)
        scores = np.zeros(shape)
        for level, row, context in reversed(found):
            scores += weighted_sums(level.counts, context, left[row] / level.total[context], row, shape)
            left[row] *= level.left[context]
        scores += left[:, None] * self._unigram
        return scores

    def _contexts(self, before: NDArray[np.int64]) -> list[tuple[Level, NDArray[np.int64], NDArray[np.int64]]]:
        """Return for each level the rows of before [B, order] whose context it knows, and the context's index."""
        found = []
        row, context = np.arange(before.shape[0]), np.zeros(before.shape[0], np.int64)
        for oldest, level in enumerate(self._levels):
            known = before[row, oldest] >= 0
            row = row[known]
            wanted = context[known] * (self._unigram.size + 1) + before[row, oldest]
            at = np.searchsorted(level.keys, wanted)
            seen = np.append(level.keys, -1)[at] == wanted
            row, context = row[seen], at[seen]
            found.append((level, row, context))
        return found


def _before(data: Sequences, rows: NDArray[np.int64], order: int) -> NDArray[np.int64]:
    """Return what is before rows [B, order], newest first: items, N for the start, -1 beyond it and where unknown."""
    at_start = np.arange(order) == lengths_before(data, rows)[:, None]
    return np.where(at_start, data.item_names.size, items_before(data, rows, order))
