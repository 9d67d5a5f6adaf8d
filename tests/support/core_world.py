"""A small world for tests of the core: activities, settings, and an encoder of plain arithmetic."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from tideline.udfs.core.catalogue.activity import Activity
from tideline.udfs.core.context import DIM
from tideline.udfs.core.lists.activity_tags import ActivityTags
from tideline.udfs.core.lists.decision_token import mint
from tideline.udfs.core.lists.ranked_lists import ListHeads, MadeBy, RankedLists
from tideline.udfs.core.lists.token_keys import TokenKeys
from tideline.udfs.core.policies.by_name import POLICIES, make_policy
from tideline.udfs.core.serving.offers.offers import RankSettings
from tideline.udfs.core.serving.ranker_state import RankerState
from tideline.udfs.core.users.features import StepInputs, Vocabulary

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from tideline.udfs.core.ranking.list_rules import ListRule
    from tideline.udfs.core.users.interest import StepEncoder

KEYS = TokenKeys({1: b"k" * 32, 2: b"q" * 32}, 1)
DAY_MS = 86_400_000
NOON_MS = 1_700_000_000_000
"""A moment inside the time window of every activity made here."""
CATEGORIES = ("bread", "milk", "tea", "wine")


class ArithmeticEncoder:
    """An encoder of additions, products and quotients only, so a row has the same bits in any batch anywhere."""

    def __init__(self, version: int = 3, hidden: int = 8) -> None:
        self.version = version
        self.hidden = hidden
        self.provider: Literal["cpu", "cuda"] = "cpu"
        self.vocabulary = Vocabulary.of([], 97, CATEGORIES)
        self.rows_stepped = 0

    def step(self, inputs: StepInputs, h: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Mix the event into h so that order, gaps and every field matter."""
        self.rows_stepped += h.shape[0]
        seen = np.stack(
            [inputs.item / 97, inputs.category / 4, inputs.type / 3, inputs.gap, inputs.price, inputs.quantity], axis=1
        )
        place = np.arange(1, self.hidden + 1, dtype=np.float32) * np.float32(0.37) * np.float32(self.version)
        mixed = np.roll(h, 1, axis=1) * np.float32(0.8)
        for column in range(seen.shape[1]):
            push = seen[:, column : column + 1].astype(np.float32) - np.float32(0.3)
            mixed = mixed + push * ((place * np.float32(column + 1)) % np.float32(1.7) - np.float32(0.8))
        h_next = mixed / (np.float32(1.0) + np.abs(mixed))
        x = np.tile(h_next, (1, DIM // self.hidden + 1))[:, :DIM] * np.float32(0.18)
        x[:, 0] = np.float32(0.70710678)
        return h_next, x


def activity(activity_id: str, **changes: Any) -> Activity:
    """Return an activity that everybody may see for a day around NOON_MS."""
    given: dict[str, Any] = {"kind": "coupon", "title": activity_id, "starts_ms": NOON_MS - DAY_MS}
    return Activity(activity_id=activity_id, **(given | {"ends_ms": NOON_MS + DAY_MS} | changes))


def make_ranker(
    activities: Sequence[Activity] = (),
    encoder: StepEncoder | None = None,
    *,
    policy: str = "linucb",
    alpha: float = 0.3,
    list_size: int = 4,
    exploration_permille: int = 0,
    list_rules: tuple[ListRule, ...] = (),
    **settings: Any,
) -> RankerState:
    """Return a ranker with an attribution window of one day; further settings are those of RankSettings."""
    chosen = RankSettings(
        policy=make_policy(f"{policy}:alpha={alpha}" if "alpha" in POLICIES[policy].parameters else policy),
        keys=KEYS,
        salt=11,
        list_size=list_size,
        exploration_permille=exploration_permille,
        attribution_ms=DAY_MS,
        weights=(1.0, 0.0, 0.0, 0.0),
        list_rules=list_rules,
        **settings,
    )
    known = {each.activity_id: each for each in activities}
    return RankerState.start(chosen, encoder or ArithmeticEncoder(), known)


def token_for(user: str, activity_ids: Sequence[str], as_of_ms: int = NOON_MS, seq: int = 1, **changes: Any) -> str:
    """Return the token of a list of these activities; the pair in position n is (n + 1) * 0x030201."""
    head: dict[str, Any] = {"users": [user], "as_of_ms": np.array([as_of_ms]), "seq": np.array([seq])}
    return tokens_for(activity_ids, **(head | changes))[0]


def tokens_for(activity_ids: Sequence[str], **changes: Any) -> list[str]:
    """Return the tokens of lists of one batch, fields of RankedLists; what is left out is that of one user's list."""
    x = np.arange(DIM, dtype=np.int8)[None, :] - np.int8(7)
    x[0, 0] = 90
    made: dict[str, Any] = {
        "generation": 1,
        "encoder": 3,
        "policy": 5,
        "eligible": np.array([12]),
        "exploration_permille": 20,
        "explored": np.array([0]),
        "x": x,
        "order": np.arange(len(activity_ids))[None, :],
        "tags": ActivityTags.of(activity_ids, KEYS).current,
        "arms": np.zeros(1, np.int64),
    } | changes
    made.setdefault("pairs", np.arange(1, made["order"].size + 1, dtype=np.uint32)[None, :] * np.uint32(0x030201))
    heads, made_by = ({name: made.pop(name) for name in each._fields if name in made} for each in (ListHeads, MadeBy))
    return mint(RankedLists(ListHeads(**heads), MadeBy(**made_by), **made), KEYS)
