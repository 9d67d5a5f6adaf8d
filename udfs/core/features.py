"""From what a user's history stores to the numbers the encoder reads: the one feature code, for training and serving.

Everything is numpy over a batch; no step looks at a clock or at another row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from udfs.core.hashing import hash32

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

GAP_CAP_S = 30 * 86_400.0
PRICE_CAP = 1_000.0
ORGANIC_TYPES = 4

_GAP_SCALE = np.float32(1.0 / np.log1p(GAP_CAP_S))
_PRICE_SCALE = np.float32(1.0 / np.log1p(PRICE_CAP))
_GAP_CAP = np.float32(GAP_CAP_S)
_PRICE_CAP = np.float32(PRICE_CAP)
_MS = np.float32(1e-3)


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The categories and item buckets that one encoder version knows.

    `hashes` are the u32 category hashes in rising order: the category at position i has index i + 1, index 0 means
    none or unknown. An item has index hash % item_buckets + 1, 0 means none.
    """

    hashes: NDArray[np.uint32]
    item_buckets: int

    @classmethod
    def of(cls, categories: Sequence[str], item_buckets: int) -> Vocabulary:
        """Build a vocabulary from category names in any order.

        Raises:
            ValueError: no categories, two with one hash, or a bucket count below 1.
        """
        hashes = np.unique(np.array([hash32(name) for name in categories], dtype=np.uint32))
        if not 0 < len(categories) == hashes.size:
            raise ValueError(f"categories: {len(categories)} names with {hashes.size} hashes; at least one, one each")
        if item_buckets < 1:
            raise ValueError(f"item_buckets: {item_buckets}; must be at least 1")
        return cls(hashes, item_buckets)


@dataclass(frozen=True, slots=True)
class StepInputs:
    """What one encoder step reads, besides h: arrays of one shape in the dtypes of the ONNX inputs."""

    item: NDArray[np.int64]
    category: NDArray[np.int64]
    type: NDArray[np.int64]
    gap: NDArray[np.float32]
    price: NDArray[np.float32]

    def take(self, which: Any) -> StepInputs:
        """Return the inputs that the numpy index `which` chooses; slices are views."""
        return StepInputs(self.item[which], self.category[which], self.type[which], self.gap[which], self.price[which])


def step_inputs(
    vocabulary: Vocabulary,
    items: NDArray[np.uint32],
    categories: NDArray[np.uint32],
    types: NDArray[np.uint8],
    gap_ms: NDArray[np.int64],
    price: NDArray[np.float32],
) -> StepInputs:
    """Return the encoder's inputs for a batch of events; arrays of one shape, of any rank.

    `items` and `categories` are hash32 values (0 = none), `types` 0..3 (the organic ones), `gap_ms` the time since the
    event before in the same window (0 for the window's first), `price` as the history keeps it: 0 = none, NaN and
    negative count as 0, infinity as the cap.
    """
    return StepInputs(
        item=item_index(items, vocabulary.item_buckets),
        category=category_index(categories, vocabulary.hashes),
        type=types.astype(np.int64),
        gap=bounded_log(gap_ms.astype(np.float32) * _MS, _GAP_CAP, _GAP_SCALE),
        price=bounded_log(price, _PRICE_CAP, _PRICE_SCALE),
    )


def item_index(items: NDArray[np.uint32], item_buckets: int) -> NDArray[np.int64]:
    """Return 1 + hash % item_buckets for each item hash, 0 for hash 0."""
    index = items.astype(np.int64)
    index %= item_buckets
    index += 1
    index *= items != 0
    return index


def category_index(categories: NDArray[np.uint32], hashes: NDArray[np.uint32]) -> NDArray[np.int64]:
    """Return 1 + the position of each hash in the rising `hashes`, 0 for one that is not there."""
    position = np.searchsorted(hashes, categories)
    known = hashes.take(position, mode="clip") == categories
    position += 1
    position *= known
    return position


def bounded_log(values: NDArray[np.float32], cap: np.float32, scale: np.float32) -> NDArray[np.float32]:
    """Return log1p of the values clipped to 0..cap, times scale (1 / log1p(cap)): 0..1; NaN gives 0."""
    # fmax and fmin, unlike clip, drop NaN.
    clipped: NDArray[Any] = np.fmin(np.fmax(values, np.float32(0.0)), cap)
    scaled: NDArray[np.float32] = np.log1p(clipped) * scale
    return scaled
