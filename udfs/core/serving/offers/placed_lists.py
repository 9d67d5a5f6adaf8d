"""The lists of a batch's users for every placement, made after their default ones and in the order of the option."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from tideline.udfs.core.counter_random import decision_seeds
from tideline.udfs.core.ranking.placements import DEFAULT
from tideline.udfs.core.serving.rank_arms import rank_arms
from tideline.udfs.core.serving.signed_lists import signed_lists

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from tideline.udfs.core.lists.ranked_lists import ListHeads
    from tideline.udfs.core.policies.base import Contexts
    from tideline.udfs.core.serving.rank_arms import Scored
    from tideline.udfs.core.serving.ranker_state import RankerState

NO_LISTS: Mapping[str, list[bytes]] = MappingProxyType({})


class Asked(NamedTuple):
    """U users whose default lists were made: hashes of their ids, contexts, what they may be shown, those lists."""

    hashes: NDArray[np.uint64]
    contexts: Contexts
    pairs: NDArray[np.uint32]
    mask: NDArray[np.bool_]
    """[U, K], also of what is on their default lists."""
    order: NDArray[np.int64]
    """[U, k]"""
    scored: Scored
    """What their default lists were scored with."""


def placed_lists(ranker: RankerState, heads: ListHeads, asked: Asked) -> dict[str, list[bytes]]:
    """Return by name of the placement the payload of each user's list; `heads` are those of the default lists.

    Each has draws of its own. Given the lists before it, what a token says of its chances is exact: what those took
    from it is not among the eligible.
    """
    orders, found = {DEFAULT: asked.order}, {}
    for placed in ranker.offers.placed:
        seeds = decision_seeds(asked.hashes, heads.as_of_ms, heads.seq, ranker.settings.salt ^ placed.salt)
        mask = placed.open(asked.mask, orders)
        ranked = rank_arms(ranker, heads.arms, asked.contexts, mask, seeds, placed, asked.scored)
        orders[placed.name] = ranked.order
        own = heads._replace(placement=placed.placement.number)
        found[placed.name] = signed_lists(ranker, own, asked.contexts.x, asked.pairs, ranked)
    return found
