"""How well a network in training predicts what is held out from it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from tideline.models.export import tensors
from tideline.models.sequences import window_inputs, windows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from tideline.models.gru import GRUEncoder
    from tideline.models.objective import TrainingSet

SCORED = 12_000
"""At most about so many held-out targets are scored, the same ones each time."""
_WINDOWS = 256


@torch.no_grad()  # type: ignore[untyped-decorator]  # torch is not type-checked here
def validate(network: GRUEncoder, training_set: TrainingSet) -> dict[str, float]:
    """Return log_loss, log_rank, hr@20 and mrr of items and of categories, all ranked, and `loss`, to stop early by.

    `loss` weighs items, categories and x as in training. It has the log rank of items where training draws negatives:
    what matters among many is their order, which still gets better when the log loss, only sampled, no longer does.
    The windows are those of the online job; `x_log_loss` is of categories by what is linear on x. Empty where nothing
    is held out.
    """
    columns: dict[str, list[NDArray[Any]]] = {}
    for hidden, following in held_out_states(network, training_set):
        for key, values in _figures(network, training_set, hidden, following).items():
            columns.setdefault(key, []).append(values)
    found = {key: float(np.concatenate(values).mean()) for key, values in columns.items()}
    of_items = "item_log_rank" if training_set.config.negatives else "item_log_loss"
    config = training_set.config
    weights = {of_items: config.item_weight, "category_log_loss": config.category_weight, "x_log_loss": config.x_weight}
    loss = sum(weight * found[key] for key, weight in weights.items() if key in found)
    return {"loss": loss, **found} if found else {}


@torch.no_grad()  # type: ignore[untyped-decorator]  # torch is not type-checked here
def held_out_states(network: GRUEncoder, training_set: TrainingSet) -> Iterator[tuple[Tensor, NDArray[np.int64]]]:
    """Yield h [N, state] before held-out targets, and their rows [N]: the same ones each time, about `SCORED`."""
    network.eval()
    valid, pieces = training_set.held_out.valid, windows(training_set.starts)
    until = np.concatenate([[0], np.cumsum(valid)])
    first_target = pieces.first + 1
    chosen = np.flatnonzero(until[first_target + pieces.steps] > until[first_target])
    chosen = np.random.default_rng(0).permutation(chosen)
    scored = 0
    for start in range(0, chosen.size, _WINDOWS):
        part = chosen[start : start + _WINDOWS]
        rows = pieces.rows(part)
        at = np.nonzero(pieces.counts(part) & valid[rows + 1])
        hidden = network.states(*tensors(window_inputs(training_set.inputs, rows), training_set.device))[at]
        yield hidden, rows[at] + 1
        scored += at[0].size
        if scored >= SCORED:
            break


def _figures(
    network: GRUEncoder, training_set: TrainingSet, hidden: Tensor, following: NDArray[np.int64]
) -> dict[str, NDArray[np.float64]]:
    """Return each figure of each prediction."""
    item, category = training_set.inputs.item[following], training_set.inputs.category[following]
    found: dict[str, NDArray[np.float64]] = {}
    of_item, of_category = np.flatnonzero(item), np.flatnonzero(category)
    if of_item.size:
        scores = network.item_scores(network.item_map(hidden[of_item]))
        found |= _ranked("item", scores, item[of_item] - 1)
    if of_category.size:
        found |= _ranked("category", network.category_scores(hidden[of_category]), category[of_category] - 1)
        of_x = network.x_head(network.x_of(hidden[of_category]))[:, 1:]
        found["x_log_loss"] = _ranked("x", of_x, category[of_category] - 1)["x_log_loss"]
    return found


def _ranked(what: str, scores: Tensor, targets: NDArray[np.int64]) -> dict[str, NDArray[np.float64]]:
    """Return each figure of scores [N, K] for targets [N]; a tie counts half."""
    wanted = torch.from_numpy(targets).to(scores.device)[:, None]
    own = scores.gather(1, wanted)
    rank = 1.0 + (scores > own).sum(dim=1) + ((scores == own).sum(dim=1) - 1) / 2.0
    log_loss = torch.logsumexp(scores, dim=1) - own[:, 0]
    values = {"log_loss": log_loss, "log_rank": torch.log(rank), "hr@20": (rank <= 20).double(), "mrr": 1.0 / rank}
    return {f"{what}_{key}": value.double().cpu().numpy() for key, value in values.items()}
