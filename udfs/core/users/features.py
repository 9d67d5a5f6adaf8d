"""From what a user's history stores to the numbers the encoder reads: the one feature code, for training and serving.

Everything is numpy over a batch; no step looks at a clock or at another row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tideline.udfs.core.hashing import hash32

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

GAP_CAP_S = 30 * 86_400.0
PRICE_CAP = 1_000.0
QUANTITY_CAP = 100.0
ORGANIC_TYPES = 4

_GAP_SCALE = np.float32(1.0 / np.log1p(GAP_CAP_S))
_PRICE_SCALE = np.float32(1.0 / np.log1p(PRICE_CAP))
_QUANTITY_SCALE = np.float32(1.0 / np.log1p(QUANTITY_CAP))
_GAP_CAP = np.float32(GAP_CAP_S)
_PRICE_CAP = np.float32(PRICE_CAP)
_QUANTITY_CAP = np.float32(QUANTITY_CAP)
_MS = np.float32(1e-3)


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The items, item buckets and categories that one encoder version knows.

    `items` and `hashes` are u32 hashes in rising order, of the known items and of the categories; either may be empty.
    A category at position i has index i + 1. A known item at position i has index i + 1, any other item
    1 + len(items) + hash % item_buckets. Index 0 means none, and for a category unknown too. Names with one hash
    cannot be told apart in a history and share an index.
    """

    items: NDArray[np.uint32]
    item_buckets: int
    hashes: NDArray[np.uint32]

    @classmethod
    def of(cls, items: Sequence[str], item_buckets: int, categories: Sequence[str]) -> Vocabulary:
        """Build a vocabulary from names in any order.

        Raises:
            ValueError: a name that occurs twice, or a bucket count below 1.
        """
        if item_buckets < 1:
            raise ValueError(f"item_buckets: {item_buckets}; must be at least 1")
        return cls(_rising_hashes("items", items), item_buckets, _rising_hashes("categories", categories))

    @property
    def item_indices(self) -> int:
        """How many item indices there are, 0 (none) among them."""
        return 1 + self.items.size + self.item_buckets

    @property
    def category_indices(self) -> int:
        """How many category indices there are, 0 (none or unknown) among them."""
        return 1 + self.hashes.size


@dataclass(frozen=True, slots=True)
class StepInputs:
    """What one encoder step reads, besides h: arrays of one shape in the dtypes of the ONNX inputs."""

    item: NDArray[np.int64]
    category: NDArray[np.int64]
    type: NDArray[np.int64]
    gap: NDArray[np.float32]
    price: NDArray[np.float32]
    quantity: NDArray[np.float32]

    def take(self, which: Any) -> StepInputs:
        """Return the inputs that the numpy index `which` chooses; slices are views."""
        return StepInputs(
            self.item[which],
            self.category[which],
            self.type[which],
            self.gap[which],
            self.price[which],
            self.quantity[which],
        )


def step_inputs(
    vocabulary: Vocabulary,
    items: NDArray[np.uint32],
    categories: NDArray[np.uint32],
    types: NDArray[np.uint8],
    gap_ms: NDArray[np.int64],
    price: NDArray[np.float32],
    quantity: NDArray[np.float32],
) -> StepInputs:
    """Return the encoder's inputs for a batch of events; arrays of one shape, of any rank.

    `items` and `categories` are hash32 values (0 = none), `types` 0..3 (the organic ones), `gap_ms` the time since the
    event before in the same window (0 for the window's first), `price` and `quantity` as the history keeps them:
    0 = none, NaN and negative count as 0, infinity as the cap.
    """
    return StepInputs(
        item=item_index(items, vocabulary),
        category=known_index(categories, vocabulary.hashes),
        type=types.astype(np.int64),
        gap=bounded_log(gap_ms.astype(np.float32) * _MS, _GAP_CAP, _GAP_SCALE),
        price=bounded_log(price, _PRICE_CAP, _PRICE_SCALE),
        quantity=bounded_log(quantity, _QUANTITY_CAP, _QUANTITY_SCALE),
    )


def item_index(items: NDArray[np.uint32], vocabulary: Vocabulary) -> NDArray[np.int64]:
    """Return the index of each item hash as `Vocabulary` defines it, 0 for hash 0."""
    index = items.astype(np.int64)
    index %= vocabulary.item_buckets
    index += 1 + vocabulary.items.size
    if vocabulary.items.size:
        known = known_index(items, vocabulary.items)
        np.copyto(index, known, where=known > 0)
    index *= items != 0
    return index


def known_index(hashes: NDArray[np.uint32], rising: NDArray[np.uint32]) -> NDArray[np.int64]:
    """Return 1 + the position of each hash in `rising`, 0 for one that is not there."""
    if not rising.size:
        return np.zeros(hashes.shape, np.int64)
    position = np.searchsorted(rising, hashes)
    known = rising.take(position, mode="clip") == hashes
    position += 1
    position *= known
    return position


def bounded_log(values: NDArray[np.float32], cap: np.float32, scale: np.float32) -> NDArray[np.float32]:
    """Return log1p of the values clipped to 0..cap, times scale (1 / log1p(cap)): 0..1; NaN gives 0.

    >>> bounded_log(np.array([0, 9, 99, 1e9, np.nan], np.float32), np.float32(99), np.float32(1 / np.log(100))).tolist()
    [0.0, 0.5, 1.0, 1.0, 0.0]
    """
    # fmax and fmin, unlike clip, drop NaN.
    clipped: NDArray[Any] = np.fmin(np.fmax(values, np.float32(0.0)), cap)
    scaled: NDArray[np.float32] = np.log1p(clipped) * scale
    return scaled


def _rising_hashes(what: str, names: Sequence[str]) -> NDArray[np.uint32]:
    if len(set(names)) != len(names):
        raise ValueError(f"{what}: {len(names)} names, {len(set(names))} different ones; each must occur once")
    return np.unique(np.array([hash32(name) for name in names], dtype=np.uint32))
