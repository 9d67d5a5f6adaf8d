"""What training minimises: the losses of the next item, of the next category, and of what is linear on x."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from tideline.models.export import tensors
from tideline.models.losses import bpr_max, expected_draws, gbce, sampled_cross_entropy
from tideline.models.sequences import window_inputs

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tideline.models.config import Config
    from tideline.models.gru import GRUEncoder
    from tideline.models.sequences import Windows
    from tideline.models.split import Split
    from tideline.udfs.core.users.features import StepInputs

X_TARGETS = 128
"""Predictions of a batch that the loss of items on x looks at: as costly as the main one, it needs far fewer."""


@dataclass(frozen=True, slots=True)
class TrainingSet:
    """What is trained on."""

    config: Config
    starts: NDArray[np.int64]
    """Of the sequences, as in `Sequences`."""
    ts_ms: NDArray[np.int64]
    """Of every event."""
    inputs: StepInputs
    """Of every event."""
    held_out: Split
    seed: int
    device: str

    def counts(self, items: int) -> NDArray[np.float64]:
        """Return how often each item index below `items` is about an event that is not held out; 0 for none."""
        found = np.bincount(self.inputs.item[~self.held_out.valid], minlength=items).astype(np.float64)
        found[0] = 0.0
        return found


@dataclass(frozen=True, slots=True)
class Drawn:
    """Items to hold the next one against."""

    which: Tensor | None
    """[K] indices; None = all."""
    log_q: Tensor
    """[items] logarithm of how often each is expected among them."""


class Draws:
    """Draws the negatives of each batch, which all its predictions share."""

    def __init__(self, training_set: TrainingSet, items: int) -> None:
        self._negatives, self._device = training_set.config.negatives, training_set.device
        counts = torch.from_numpy(training_set.counts(items))
        cumulative, log_q = expected_draws(counts, training_set.config.alpha, max(self._negatives, 1))
        self._cumulative, self._log_q = cumulative, log_q.to(training_set.device)

    def draw(self, rng: np.random.Generator) -> Drawn:
        """Return the negatives of one batch."""
        if not self._negatives:
            return Drawn(None, torch.zeros_like(self._log_q))
        which = torch.searchsorted(self._cumulative, torch.from_numpy(rng.random(self._negatives)))
        return Drawn(which.clamp(max=self._log_q.numel() - 1).to(self._device), self._log_q)


def batch_loss(
    network: GRUEncoder,
    training_set: TrainingSet,
    pieces: Windows,
    part: NDArray[np.int64],
    wanted: NDArray[np.bool_],
    drawn: Drawn,
) -> Tensor | None:
    """Return the loss of the windows `part`, over their targets that are `wanted` [E]; None where there are none."""
    rows = pieces.rows(part)
    at = np.nonzero(pieces.counts(part) & wanted[rows + 1])
    following = rows[at] + 1
    if not (training_set.inputs.item[following].any() or training_set.inputs.category[following].any()):
        return None
    hidden = network.states(*tensors(window_inputs(training_set.inputs, rows), training_set.device))[at]
    return loss_of(network, training_set, hidden, following, drawn)


def loss_of(
    network: GRUEncoder, training_set: TrainingSet, hidden: Tensor, following: NDArray[np.int64], drawn: Drawn
) -> Tensor:
    """Return the weighted sum of the losses of h [N, state] whose next events are the rows `following` [N]."""
    config = training_set.config
    item, category = training_set.inputs.item[following], training_set.inputs.category[following]
    below, x = network.dropout(hidden), network.x_of(hidden)
    total = hidden.new_zeros(())
    has = np.flatnonzero(category)
    if has.size:
        target = torch.from_numpy(category[has] - 1).to(training_set.device)
        total = total + config.category_weight * functional.cross_entropy(network.category_scores(below[has]), target)
        total = total + config.x_weight * functional.cross_entropy(network.x_head(x[has])[:, 1:], target)
    has = np.flatnonzero(item)
    if has.size:
        target = torch.from_numpy(item[has]).to(training_set.device)
        total = total + config.item_weight * item_loss(network, config, network.item_map(below[has]), target, drawn)
        if network.categories == 1:
            few = has[:X_TARGETS]
            total = total + config.x_weight * x_item_loss(network, network.x_head(x[few]), target[:X_TARGETS], drawn)
    return total


def item_loss(network: GRUEncoder, config: Config, queries: Tensor, target: Tensor, drawn: Drawn) -> Tensor:
    """Return the configured loss of queries [N, item_width] and next items [N]."""
    if drawn.which is None and config.loss == "sampled_ce":
        return functional.cross_entropy(network.item_scores(queries), target - 1)
    which = torch.arange(1, network.items, device=queries.device) if drawn.which is None else drawn.which
    positive = (queries * network.item(target)).sum(dim=1) + network.item_bias[target]
    negative = network.item_scores(queries, which)
    same = which == target[:, None]
    if config.loss == "bpr_max":
        return bpr_max(positive, negative, same)
    if config.loss == "gbce":
        return gbce(positive, negative, same, network.items)
    return sampled_cross_entropy(positive, negative, same, drawn.log_q[target], drawn.log_q[which])


def x_item_loss(network: GRUEncoder, queries: Tensor, target: Tensor, drawn: Drawn) -> Tensor:
    """Return the cross-entropy of queries [N, item_width] that are linear on x; item vectors do not learn from it."""
    vectors, bias = network.item.weight.detach(), network.item_bias.detach()
    if drawn.which is None:
        return functional.cross_entropy(torch.addmm(bias[1:], queries, vectors[1:].T), target - 1)
    positive = (queries * vectors[target]).sum(dim=1) + bias[target]
    negative = torch.addmm(bias[drawn.which], queries, vectors[drawn.which].T)
    same = drawn.which == target[:, None]
    return sampled_cross_entropy(positive, negative, same, drawn.log_q[target], drawn.log_q[drawn.which])
