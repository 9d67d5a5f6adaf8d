"""First item vectors from what occurs near what: training then starts where item-kNN ends, and rare items with it.

The vectors are the truncated SVD of the positive pointwise mutual information of items at most `BACK` events apart in a
sequence, closer pairs counting more, with context counts to the power `SMOOTHING` (Levy, Goldberg and Dagan 2015).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tideline.models.objective import TrainingSet

BACK = 5
SMOOTHING = 0.75
MOST_PAIRS = 1_500_000
"""Of each distance; more are sampled."""


def first_vectors(training_set: TrainingSet, items: int, width: int) -> tuple[NDArray[np.int64], torch.Tensor]:
    """Return the item indices that have a neighbour in training, and their vectors [K, width].

    Their numbers have mean square 1 / width, as random first vectors have. Too few neighbours give K = 0.
    """
    row, column, weight = neighbours(training_set, items)
    total = np.bincount(row, weight, items)
    context = total**SMOOTHING
    expected = total[row] * context[column] / max(context.sum(), 1e-9)
    information = np.log(np.maximum(weight / np.maximum(expected, 1e-9), 1.0))
    has = np.flatnonzero(total)
    if has.size < 2 * width or not information.any():
        return has[:0], torch.zeros(0, width)
    at, values = np.stack([row, column]), torch.from_numpy(information).float()
    matrix = torch.sparse_coo_tensor(at, values, (items, items), check_invariants=True)
    u, s, _ = torch.svd_lowrank(matrix.coalesce(), q=width, niter=2)
    vectors = (u * s.sqrt())[has]
    return has, vectors / vectors.std() * width**-0.5


def neighbours(
    training_set: TrainingSet, items: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Return (item, other item, weight) of all pairs of training events near each other, each pair both ways."""
    item, rng = training_set.inputs.item, np.random.default_rng(training_set.seed)
    owner = np.repeat(np.arange(training_set.starts.size - 1), np.diff(training_set.starts))
    usable = (item > 0) & ~training_set.held_out.valid
    keys, weights = [np.zeros(0, np.int64)], [np.zeros(0)]
    for back in range(1, BACK + 1):
        near = np.flatnonzero((owner[back:] == owner[:-back]) & usable[back:] & usable[:-back])
        share = 1.0
        if near.size > MOST_PAIRS:
            share = MOST_PAIRS / near.size
            near = rng.choice(near, MOST_PAIRS, replace=False)
        before, after = item[near], item[near + back]
        keys += [before * items + after, after * items + before]
        weights.append(np.full(2 * near.size, 1.0 / back / share))
    key, place = np.unique(np.concatenate(keys), return_inverse=True)
    return key // items, key % items, np.bincount(place, np.concatenate(weights), key.size).astype(np.float64)
