"""The last step of a list's way: ranked activities become what a frontend reads, signed for its user."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tideline.udfs.core.lists.decision_token import mint
from tideline.udfs.core.lists.ranked_lists import RankedLists
from tideline.udfs.core.lists.slate import payloads

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from tideline.udfs.core.ranking.ranking import Ranked
    from tideline.udfs.core.serving.ranker_state import RankerState


class ListHeads(NamedTuple):
    """Columns of U lists: whose, as of when, the how manieth, and of which experiment arm."""

    users: Sequence[str]
    as_of_ms: NDArray[np.int64]
    seq: NDArray[np.int64]
    arms: NDArray[np.int64]
    popular: bool = False
    """One list for all, in no experiment and without exploration."""
    until: NDArray[np.int64] | None = None
    """See `open_until` of the catalogue."""
    unlearned: NDArray[np.bool_] | None = None
    """Whose users do not agree to be learned from; None: all do."""


def signed_lists(
    ranker: RankerState, heads: ListHeads, x: NDArray[np.int8], pairs: NDArray[np.uint32], ranked: Ranked
) -> list[bytes]:
    """Return the payload of each list that was ranked from contexts x [U, DIM] and pairs [U, K]."""
    lists = RankedLists(
        users=heads.users,
        generation=ranker.generation,
        as_of_ms=heads.as_of_ms,
        seq=heads.seq,
        encoder=ranker.encoder.version,
        policy=max(ranker.version, 0),
        eligible=ranked.eligible,
        exploration_permille=0 if heads.popular else ranker.settings.exploration_permille,
        explored=ranked.explored,
        x=x,
        order=ranked.order,
        tags=ranker.offers.tags.current,
        pairs=pairs.take(ranked.order + pairs.shape[1] * np.arange(len(heads.users))[:, None], mode="wrap"),
        arms=heads.arms,
        popular=heads.popular,
        feasible=ranked.feasible,
        acted=ranked.acted,
        until=heads.until,
        unlearned=heads.unlearned,
        experiment=ranker.experiment.mark if ranker.experiment and not heads.popular else 0,
    )
    return payloads(ranker.catalogue, lists, mint(lists, ranker.attributing.keys), ranker.leases())
