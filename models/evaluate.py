"""Metrics of next-category prediction and the two baselines every artefact is held against."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

DECAY = 0.85
BACK = 20
PRIOR = 20.0


def metrics(log_p: NDArray[np.float32], targets: NDArray[np.int64]) -> dict[str, float]:
    """Return log_loss (nats), hr@1, hr@5, hr@10 and mrr of log probabilities [N, C] for targets [N].

    Every category is ranked; a tie counts half.
    """
    own = log_p[np.arange(targets.size), targets][:, None]
    rank = 1.0 + (log_p > own).sum(axis=1) + ((log_p == own).sum(axis=1) - 1) / 2.0
    found = {f"hr@{k}": float((rank <= k).mean()) for k in (1, 5, 10)}
    return {"log_loss": float(-own.mean()), **found, "mrr": float((1.0 / rank).mean())}


def popularity(targets: NDArray[np.int64], categories: int) -> NDArray[np.float64]:
    """Return the share of each category index 0..categories among the training targets; index 0 has none."""
    counts = np.bincount(targets, minlength=categories + 1) + 1.0
    counts[0] = 1e-9
    share: NDArray[np.float64] = counts / counts.sum()
    return share


def transitions(before: NDArray[np.int64], after: NDArray[np.int64], pop: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return P(after | before) [C, C] of the training pairs, drawn towards popularity by `PRIOR` pseudo-counts."""
    size = pop.size
    counts = np.bincount(before * size + after, minlength=size * size).reshape(size, size) + PRIOR * pop
    moves: NDArray[np.float64] = counts / counts.sum(axis=1, keepdims=True)
    return moves


def decayed_markov(history: NDArray[np.int64], moves: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return P(next) [N, C]: the mean of `moves` over a history [N, T], newest last, 0 = none.

    Weights fall by `DECAY` a step over `BACK` steps.
    """
    recent = history[:, -BACK:]
    weight = DECAY ** np.arange(recent.shape[1])[::-1] * (recent > 0)
    weight[:, -1] = np.maximum(weight[:, -1], 1e-9)
    weight /= weight.sum(axis=1, keepdims=True)
    mixture = np.zeros((recent.shape[0], moves.shape[0]))
    np.add.at(mixture, (np.arange(recent.shape[0])[:, None], recent), weight)
    return mixture @ moves
