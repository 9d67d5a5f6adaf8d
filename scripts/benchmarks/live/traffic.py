"""The made-up shop traffic that is measured: same seed, same events.

55 % views, 10 % searches, 12 % carts, 12 % purchases, 10 % impressions, 1 % clicks; 20,000 items in 300 categories.
Each impression carries the token of a list of its own, signed with the job's key, and each click belongs to one of
the impressions: tokens are verified, decisions logged and rewards learned as in a real shop.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from tideline.schemas.events import Event, EventType
from tideline.udfs.core.catalogue.activity import Activity, Cap, Rule
from tideline.udfs.core.catalogue.catalogue import Catalogue
from tideline.udfs.core.context import CONSTANT_X, DIM
from tideline.udfs.core.lists.activity_tags import ActivityTags
from tideline.udfs.core.lists.decision_token import mint
from tideline.udfs.core.lists.ranked_lists import ListHeads, MadeBy, RankedLists
from tideline.udfs.core.lists.token_keys import TokenKeys
from tideline.udfs.core.pairs.affinity import content_of
from tideline.udfs.core.pairs.pairs_of import strangers_pairs

if TYPE_CHECKING:
    from numpy.typing import NDArray

CHUNK_EVENTS = 20_000
"""Events that are made together; a click belongs to an impression of its chunk."""
ACTIVITIES = 200
LIST_SIZE = 10
_ITEMS = 20_000
_CATEGORIES = 300
_DAY_MS = 86_400_000
_MIX = {
    EventType.VIEW: 0.55,
    EventType.SEARCH: 0.10,
    EventType.ADD_TO_CART: 0.12,
    EventType.PURCHASE: 0.12,
    EventType.IMPRESSION: 0.10,
    EventType.CLICK: 0.01,
}


@dataclass(frozen=True, slots=True)
class Traffic:
    """What traffic to make.

    Attributes:
        users: How many users there are.
        zipf: Exponent of their shares by rank; 0 makes all alike.
        first_ms: Time of the first event, UTC epoch milliseconds.
        gap_ms: Time between two events.
        keys: Secrets that sign the tokens.
        seed: Another seed gives other traffic.
    """

    users: int
    zipf: float
    first_ms: int
    gap_ms: float
    keys: TokenKeys
    seed: int = 1


@cache
def activities(around_ms: int, count: int = ACTIVITIES) -> tuple[Activity, ...]:
    """Return activities open at that time; every fifth has a cap, every tenth a rule, all name five items.

    The first of more are those of fewer.
    """
    draw = np.random.default_rng(0)
    return tuple(
        Activity(
            activity_id=f"act-{number:04d}",
            kind="coupon",
            title=f"Offer {number}",
            starts_ms=around_ms - 30 * _DAY_MS,
            ends_ms=around_ms + 30 * _DAY_MS,
            categories=(_category(number),),
            items=tuple(_item(each) for each in draw.choice(_ITEMS, 5, replace=False).tolist()),
            cap=Cap(max_shown=5, window_ms=_DAY_MS) if number % 5 == 0 else None,
            rule=Rule(any_category=tuple(_category(number + step) for step in range(30))) if number % 10 == 5 else None,
        )
        for number in range(count)
    )


@cache
def cumulative_shares(users: int, zipf: float) -> NDArray[np.float64]:
    """Return the share of events of the users up to each rank; the last is 1."""
    shares = np.arange(1, users + 1, dtype=np.float64) ** -zipf
    total = np.cumsum(shares)
    result: NDArray[np.float64] = total / total[-1]
    return result


def user_name(rank: int) -> str:
    """Return the id of a user."""
    return f"user-{rank:07d}"


def make_chunk(traffic: Traffic, chunk: int) -> list[Event]:
    """Return the events of one chunk in the order of their times."""
    draw = np.random.default_rng([traffic.seed, chunk])
    kinds = draw.choice([int(kind) for kind in _MIX], CHUNK_EVENTS, p=list(_MIX.values()))
    users = np.searchsorted(cumulative_shares(traffic.users, traffic.zipf), draw.random(CHUNK_EVENTS))
    begin = chunk * CHUNK_EVENTS
    times_ms = (traffic.first_ms + (begin + np.arange(CHUNK_EVENTS)) * traffic.gap_ms).astype(np.int64)
    shown_at = np.flatnonzero(kinds == EventType.IMPRESSION)
    clicked_at, source = _clicks(draw, kinds, shown_at)
    users[clicked_at] = users[shown_at[source]]
    shown = _shown(traffic, draw, users[shown_at], times_ms[shown_at])
    of_event = dict(zip(shown_at.tolist(), shown, strict=True))
    of_event |= {at: shown[each] for at, each in zip(clicked_at.tolist(), source.tolist(), strict=True)}

    items = draw.integers(0, _ITEMS, CHUNK_EVENTS).tolist()
    cents = draw.integers(50, 20_000, CHUNK_EVENTS).tolist()
    found = []
    for at, (kind, user, ts_ms) in enumerate(zip(kinds.tolist(), users.tolist(), times_ms.tolist(), strict=True)):
        event_id = f"{traffic.seed}-{begin + at:x}"
        if at in of_event:
            activity_id, position, token = of_event[at]
            event = Event(
                event_id, user_name(user), kind, ts_ms, activity_id=activity_id, token=token, position=position
            )
        elif kind == EventType.SEARCH:
            event = Event(event_id, user_name(user), kind, ts_ms, category=_category(items[at]))
        else:
            # A click for which no impression came before it in the chunk is made a view.
            kind = EventType.VIEW if kind == EventType.CLICK else kind
            event = Event(
                event_id, user_name(user), kind, ts_ms, _item(items[at]), _category(items[at]), cents[at] / 100, 1
            )
        found.append(event)
    return found


def _clicks(
    draw: np.random.Generator, kinds: NDArray[np.int64], shown_at: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return where the clicks are, and for each the number of an impression before it."""
    clicked_at = np.flatnonzero(kinds == EventType.CLICK)
    before = np.searchsorted(shown_at, clicked_at)
    possible = before > 0
    source = (draw.random(int(possible.sum())) * before[possible]).astype(np.int64)
    return clicked_at[possible], source


def _shown(
    traffic: Traffic, draw: np.random.Generator, users: NDArray[np.int64], times_ms: NDArray[np.int64]
) -> list[tuple[str, int, str]]:
    """Return (activity id, position, token) of an impression for each of the users."""
    catalogue = Catalogue.of(activities(traffic.first_ms))
    count = users.size
    order = np.argsort(draw.random((count, ACTIVITIES)), axis=1)[:, :LIST_SIZE]
    x = draw.normal(size=(count, DIM))
    x = np.rint(x / np.linalg.norm(x, axis=1)[:, None] * CONSTANT_X).astype(np.int8)
    x[:, 0] = CONSTANT_X
    lists = RankedLists(
        ListHeads(
            users=[user_name(user) for user in users.tolist()],
            as_of_ms=times_ms - 1000,
            seq=np.arange(1, count + 1),
            arms=np.zeros(count, np.int64),
        ),
        MadeBy(generation=1, encoder=1, policy=0, exploration_permille=20),
        eligible=np.full(count, ACTIVITIES),
        explored=np.zeros(count, np.int64),
        x=x,
        order=order,
        tags=ActivityTags.of([each.activity_id for each in catalogue.activities], traffic.keys).current,
        pairs=strangers_pairs(content_of(catalogue.activities))[order],
    )
    positions = draw.integers(0, LIST_SIZE, count)
    names = [catalogue.activities[number].activity_id for number in order[np.arange(count), positions].tolist()]
    return list(zip(names, positions.tolist(), mint(lists, traffic.keys), strict=True))


def _item(number: int) -> str:
    return f"item-{number % _ITEMS:05d}"


def _category(number: int) -> str:
    return f"category-{number % _CATEGORIES:03d}"
