"""How much of each part of a blend is best, found on what training holds out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from tideline.models.blend import FEWEST, LEAST, PARTS, Blend, Past, best_weights
from tideline.models.sequences import hashes_of
from tideline.models.validation import held_out_states
from tideline.udfs.core.users.features import item_index

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tideline.models.data import Sequences
    from tideline.models.gru import GRUEncoder
    from tideline.models.objective import TrainingSet
    from tideline.udfs.core.users.features import Vocabulary

_ROWS = 32
"""Targets whose probabilities of all items are worked out at once."""


def weights_of(
    network: GRUEncoder, training_set: TrainingSet, data: Sequences, vocabulary: Vocabulary
) -> NDArray[np.float64] | None:
    """Return the weights of `PARTS` under which the held-out items are likeliest; None where the network stays alone.

    The parts are fitted on the events that are not held out, as the network is. There is no blend where no past is to
    be kept, or where too little is held out to tell.
    """
    valid, most = training_set.held_out.valid, training_set.config.past
    if not most or int((valid & (data.item >= 0)).sum()) < FEWEST:
        return None
    blend = Blend(Past.of(data, ~valid, most))
    told = blend.told(data)
    chances = [
        blend.of_targets(told, rows[at : at + _ROWS], own[at : at + _ROWS])
        for rows, own in _of_network(network, training_set, data, vocabulary)
        for at in range(0, rows.size, _ROWS)
    ]
    return best_weights(np.concatenate(chances))


def figures(weights: NDArray[np.float64]) -> dict[str, float]:
    """Return the weights by name, for the manifest."""
    return dict(zip(PARTS, weights.tolist(), strict=True))


@torch.no_grad()  # type: ignore[untyped-decorator]  # torch is not type-checked here
def _of_network(
    network: GRUEncoder, training_set: TrainingSet, data: Sequences, vocabulary: Vocabulary
) -> list[tuple[NDArray[np.int64], NDArray[np.float64]]]:
    """Return rows of held-out targets that have an item, and the probability that the network gives to each."""
    index = item_index(hashes_of(data.item_names)[:-1], vocabulary)
    sharing = np.bincount(index, minlength=network.items)
    found = []
    for hidden, following in held_out_states(network, training_set):
        has = np.flatnonzero(training_set.inputs.item[following])
        if not has.size:
            continue
        target = training_set.inputs.item[following[has]]
        scores = network.item_scores(network.item_map(hidden[has])).double()
        own = scores.gather(1, torch.from_numpy(target - 1).to(scores.device)[:, None])[:, 0]
        log_p = (own - torch.logsumexp(scores, dim=1)).cpu().numpy()
        found.append((following[has], np.maximum(np.exp(log_p) / sharing[target], LEAST)))
    return found
