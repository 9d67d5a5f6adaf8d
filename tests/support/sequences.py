"""Sequences made in memory, for the tests of models."""

from __future__ import annotations

import numpy as np

from tideline.models.data import Sequences


def sequences(items: list[list[int]], names: int, categories: list[list[int]] | None = None) -> Sequences:
    """Return sequences with these item codes, of `names` items "i0", "i1", ...; the k-th event overall is at k seconds.

    Categories, where given, are codes of as many names "c0", "c1", ...
    """
    item = np.array([each for sequence in items for each in sequence], np.int64)
    nested = categories or [[-1] * len(sequence) for sequence in items]
    lengths = [len(sequence) for sequence in items]
    return Sequences(
        starts=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        names=np.array([f"s{each}" for each in range(len(items))], object),
        item=item,
        category=np.array([each for sequence in nested for each in sequence], np.int64),
        type=np.zeros(item.size, np.uint8),
        ts_ms=1_000 * np.arange(item.size),
        price=np.zeros(item.size, np.float32),
        quantity=np.zeros(item.size, np.int64),
        item_names=np.array([f"i{each}" for each in range(names)], object),
        category_names=np.array([f"c{each}" for each in range(names if categories else 0)], object),
    )


def drawn(seed: int, number: int, names: int, longest: int, unknown: float = 0.0) -> Sequences:
    """Return random sequences of 1..longest events, items skewed to low codes; a share of them unknown, -1."""
    rng = np.random.default_rng(seed)
    weights = 1.0 / np.arange(1, names + 1)
    items = []
    for length in rng.integers(1, longest + 1, number):
        codes = rng.choice(names, length, p=weights / weights.sum())
        items.append(np.where(rng.random(length) < unknown, -1, codes).tolist())
    return sequences(items, names)
