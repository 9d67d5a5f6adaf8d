"""The last step of a list's way: ranked activities become what a frontend reads, signed for its user."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tideline.udfs.core.hashing import hashes64
from tideline.udfs.core.lists.decision_token import mint
from tideline.udfs.core.lists.ranked_lists import MadeBy, RankedLists
from tideline.udfs.core.lists.slate import payloads

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tideline.udfs.core.lists.ranked_lists import ListHeads
    from tideline.udfs.core.ranking.ranking import Ranked
    from tideline.udfs.core.serving.ranker_state import RankerState


def signed_lists(
    ranker: RankerState, heads: ListHeads, x: NDArray[np.int8], pairs: NDArray[np.uint32], ranked: Ranked
) -> list[bytes]:
    """Return the payload of each list that was ranked from contexts x [U, DIM] and pairs [U, K]."""
    made_by = MadeBy(
        generation=ranker.generation,
        encoder=ranker.encoder.version,
        policy=max(ranker.version, 0),
        exploration_permille=0 if heads.popular else ranker.exploration_permille(ranker.offers.at(heads.placement)),
        experiment=ranker.experiment.mark if ranker.experiment and not heads.popular else 0,
    )
    table = None if heads.popular else ranker.variants
    drawn = None
    if table is not None:
        drawn = table.draw(hashes64(heads.users) if heads.hashes is None else heads.hashes, ranked.order)
    lists = RankedLists(
        heads,
        made_by,
        eligible=ranked.eligible,
        explored=ranked.explored,
        x=x,
        order=ranked.order,
        tags=ranker.offers.tags.current,
        pairs=pairs.take(ranked.order + pairs.shape[1] * np.arange(len(heads.users))[:, None], mode="wrap"),
        feasible=ranked.feasible,
        acted=ranked.acted,
        variants=drawn,
    )
    return payloads(ranker.catalogue, lists, mint(lists, ranker.attributing.keys), ranker.leases())
