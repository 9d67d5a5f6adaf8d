"""V-SKNN: the training sequences most like the one so far vote for their items.

Ludewig & Jannach 2018, "Evaluation of session-based recommendation algorithms", with the choices of the authors'
session-rec (`vsknn.py`: k 100, weighting and weighting_score "div", remind); the sample is 5,000 where it has 1,000,
which scores better on long and short sequences:

1. An item of the sequence so far weighs p / L, where p = 1..L is its newest position among the last L events.
2. Candidates are the `sample` sequences with the latest end among those that have any of these items.
3. The similarity of a candidate is the sum of the weights of the items that it shares; the `neighbours` most similar
   remain, of equally similar ones the more recent.
4. An item scores, for each neighbour that has it, similarity * 1 / a * (1 + idf_weight * idf), where the newest shared
   item of that neighbour is the a-th from the end and idf = ln(sequences / sequences that have the item).

Only the last `BACK` events are looked at, which bounds the work for endless sequences. Items that no neighbour has
follow by popularity.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from tideline.models.baselines.context import items_before, lengths_before
from tideline.models.baselines.popularity import shares
from tideline.models.baselines.sparse import pair_counts
from tideline.models.data import owners

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tideline.models.data import Sequences

BACK = 50
NEIGHBOURS = 100
SAMPLE = 5_000
IDF_WEIGHT = 0.0
WITHOUT_EVIDENCE = 1e-9
"""Weight of popularity: below every score that has evidence."""


class VectorSessionKnn:
    """Nearest neighbour sequences by vector multiplication."""

    gives_probabilities: ClassVar[bool] = False

    def __init__(
        self,
        train: Sequences,
        neighbours: int = NEIGHBOURS,
        sample: int = SAMPLE,
        idf_weight: float = IDF_WEIGHT,
    ) -> None:
        self._neighbours, self._sample = neighbours, sample
        self._share = shares(train)
        size, sequences = train.item_names.size, train.names.size
        recency = np.empty(sequences, np.int64)  # 0 = ended last
        recency[np.lexsort((np.arange(sequences), train.ts_ms[train.starts[1:] - 1]))[::-1]] = np.arange(sequences)
        known = train.item >= 0
        item, sequence = train.item[known], recency[owners(train)[known]]
        self._items = pair_counts(sequence, item, sequences, size)
        by_item = pair_counts(item, sequence, size, sequences)
        # The latest `sample` of a union are among the latest `sample` of its parts, so the others are never needed.
        self._sequences = [
            by_item.columns[start : min(end, start + sample)]
            for start, end in zip(by_item.starts[:-1], by_item.starts[1:], strict=True)
        ]
        support = np.maximum(np.diff(by_item.starts), 1)
        self._vote = 1.0 + idf_weight * np.log(sequences / support)
        self._similarity = np.zeros(sequences)
        self._newest = np.zeros(sequences, np.int64)

    def scores(self, data: Sequences, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the score of each item [B, N] at rows [B] of data in the training items' codes."""
        return self.votes(data, rows) + WITHOUT_EVIDENCE * self._share

    def votes(self, data: Sequences, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return what the neighbours give to each item [B, N], as `scores`; 0 where none has it."""
        scores = np.zeros((rows.size, self._share.size))
        lengths = np.minimum(lengths_before(data, rows), BACK)
        for row, (items, length) in enumerate(zip(items_before(data, rows, BACK), lengths, strict=True)):
            neighbours, votes = self._vote_of(items[:length])
            owner, entry = self._items.taken(neighbours)
            voted = self._items.columns[entry]
            scores[row] = np.bincount(voted, votes[owner] * self._vote[voted], minlength=self._share.size)
        return scores

    def _vote_of(self, items: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return the neighbours of a sequence's items [L], newest first, and what each gives to its items."""
        shared = []
        seen: set[int] = set()
        for age, item in enumerate(items.tolist()):
            if item >= 0 and item not in seen:
                seen.add(item)
                shared.append((age, self._sequences[item]))
        if not shared:
            return np.empty(0, np.int64), np.empty(0)
        for age, sequences in reversed(shared):  # the newest writes last
            self._similarity[sequences] += items.size - age  # whole numbers, so that equal sums are equal
            self._newest[sequences] = age
        found = self._all_of([sequences for _, sequences in shared])
        candidates = found[: self._sample]
        similarity = self._similarity[candidates]
        best = np.argsort(-similarity, kind="stable")[: self._neighbours]
        votes = similarity[best] / items.size / (self._newest[candidates[best]] + 1)
        self._similarity[found] = 0.0
        return candidates[best], votes

    def _all_of(self, parts: list[NDArray[np.int64]]) -> NDArray[np.int64]:
        """Return the sequences of all parts, rising; their similarity is above 0, that of all others 0."""
        if sum(part.size for part in parts) > self._similarity.size // 8:  # then a look at every sequence is quicker
            return np.flatnonzero(self._similarity)
        return np.unique(np.concatenate(parts))
