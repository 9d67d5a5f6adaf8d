"""Metrics of full rankings, exact under ties: what a random order of equal scores would give on average.

A target whose score is equalled by t others and beaten by a has rank a+1, ..., a+1+t with equal probability, and every
metric here is its mean over those ranks (McSherry & Najork 2008, "Computing information retrieval performance measures
efficiently in the presence of tied scores", for one relevant item). So a model that gives all items one score earns
what chance earns, and not the best or the worst of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

CUTS = (5, 10, 20)
DEEPEST = CUTS[-1]
METRICS = (*(f"{gain}@{k}" for gain in ("hr", "ndcg", "mrr") for k in CUTS), "recall@20", "precision@20", "log_loss")
"""What `per_target` gives, in its order."""

_NOBODY = np.iinfo(np.int64).max
_DISCOUNT = 1.0 / np.log2(np.arange(2, DEEPEST + 2))
_RECIPROCAL = 1.0 / np.arange(1, DEEPEST + 1)


@dataclass(frozen=True, slots=True)
class Ranks:
    """Where each of T targets stands in the ranking of all items."""

    above: NDArray[np.int64]
    """[T] items with a higher score."""
    ties: NDArray[np.int64]
    """[T] other items with the same score."""
    log_p: NDArray[np.float64]
    """[T] natural log of the probability given to the target; NaN where none was given."""


def ranks(scores: NDArray[Any], targets: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the items above and the ties of targets [B] under scores [B, N].

    A target that is not ranked, because its index is -1 or its score -inf, is below everything: no k finds it.
    """
    own = scores[np.arange(targets.size), targets]
    found = (targets >= 0) & (own > -np.inf)
    above = np.count_nonzero(scores > own[:, None], axis=1)
    ties = np.count_nonzero(scores == own[:, None], axis=1) - 1
    beyond = max(scores.shape[1], DEEPEST)
    return np.where(found, above, beyond), np.where(found, ties, 0)


def per_target(found: Ranks) -> dict[str, NDArray[np.float64]]:
    """Return each metric's value for each target [T]; log_loss (nats) is NaN where there is no probability.

    With one right item a target, recall@20 is hr@20 and precision@20 a twentieth of it. Coverage is not a mean over
    targets: see `Coverage`.
    """
    values = {f"hr@{k}": _mean_gain(found, np.ones(k)) for k in CUTS}
    values |= {f"ndcg@{k}": _mean_gain(found, _DISCOUNT[:k]) for k in CUTS}
    values |= {f"mrr@{k}": _mean_gain(found, _RECIPROCAL[:k]) for k in CUTS}
    values["recall@20"] = values["hr@20"]
    values["precision@20"] = values["hr@20"] / 20
    values["log_loss"] = -found.log_p
    return values


def _mean_gain(found: Ranks, gains: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean of gains[rank - 1], 0 past the end, over the ranks that each target's ties allow."""
    total = np.concatenate([[0.0], np.cumsum(gains)])
    last = np.minimum(found.above + found.ties + 1, gains.size)
    first = np.minimum(found.above, gains.size)
    mean: NDArray[np.float64] = (total[last] - total[first]) / (found.ties + 1)
    return mean


def top_items(scores: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return row and item of the `DEEPEST` best of each row [B, N], row by row; of equal scores the lower items.

    A row has fewer where fewer items have a score above -inf.
    """
    size = scores.shape[1]
    groups = 8 * DEEPEST
    # The 20th best of the groups' bests cannot be above the 20th best of all: few items remain to be sorted.
    edge = np.full((scores.shape[0], 1), -np.inf)
    if size >= groups:
        part = scores[:, : size - size % groups].reshape(scores.shape[0], -1, groups)
        edge = np.partition(part.max(axis=1), groups - DEEPEST, axis=1)[:, groups - DEEPEST, None]
    row, item = np.divmod(np.flatnonzero(scores >= edge), size)
    score = scores[row, item]
    order = np.lexsort((item, -score, row))
    row, item, score = row[order], item[order], score[order]
    place = np.arange(row.size) - np.searchsorted(row, row)
    kept = (place < DEEPEST) & (score > -np.inf)
    return row[kept], item[kept]


@dataclass(frozen=True, slots=True)
class Coverage:
    """Which items are in the best 20 of at least one target, and whether only one sequence has them there."""

    lowest: NDArray[np.int64]
    """[N] lowest sequence with the item in a list; the greatest number where none has."""
    highest: NDArray[np.int64]
    """[N] highest sequence with the item in a list; -1 where none has."""

    @classmethod
    def of(cls, scores: NDArray[Any], sequences: NDArray[np.int64]) -> Coverage:
        """Return the coverage of the rows of scores [B, N], the row of a target of sequence [B]."""
        row, item = top_items(scores)
        lowest, highest = np.full(scores.shape[1], _NOBODY), np.full(scores.shape[1], -1, np.int64)
        np.minimum.at(lowest, item, sequences[row])
        np.maximum.at(highest, item, sequences[row])
        return cls(lowest, highest)

    def __or__(self, other: Coverage) -> Coverage:
        return Coverage(np.minimum(self.lowest, other.lowest), np.maximum(self.highest, other.highest))

    @property
    def value(self) -> float:
        """The share of all items."""
        return float((self.highest >= 0).mean())

    def lost(self, sequences: int) -> NDArray[np.float64]:
        """Return how much the share would fall without each of the sequences [S]."""
        only = self.highest[self.lowest == self.highest]
        return np.bincount(only, minlength=sequences) / self.highest.size
