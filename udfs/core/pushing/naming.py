"""What a message names beside its activity: one of its items (docs/decisions/0048) and the channel that it goes by.

Of the items that its user bought lately the one that he bought most often, of several the one that he bought last;
where he bought none, or nothing of him may be known, the first one that the marketer lists.
"""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING

from tideline.schemas.events import EventType
from tideline.udfs.core.hashing import hash32
from tideline.udfs.core.pushing.ways import Message

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tideline.udfs.core.push.push_choice import Decided
    from tideline.udfs.core.push.push_record import Made
    from tideline.udfs.core.pushing.ways import Channels
    from tideline.udfs.core.serving.ranker_state import RankerState
    from tideline.udfs.core.users.user_state import UserBatch


def named(
    made: Sequence[Made], decided: Sequence[Decided], told: UserBatch, ranker: RankerState, channels: Channels | None
) -> list[Made]:
    """Return what records say, each with the item and the channel that its message names.

    Row for row the users of `told`, as they agreed to be ranked; where nothing was drawn there is nothing to name.
    """
    found = list(made)
    rows = [row for row, each in enumerate(decided) if each.push_id is not None]
    for row in rows:
        items = ranker.offers.activities[decided[row].activities[0]].items
        if items:
            history = told.history[row]
            bought = history["item"][history["type"] == EventType.PURCHASE]
            found[row] = found[row]._replace(item_id=item_for(bought[bought != 0].tolist(), items))
    if channels is not None:
        messages = [Message(decided[row].push_id or "", decided[row].activities[0], told.profiles[row]) for row in rows]
        for row, way in zip(rows, channels.ways_of(messages, ranker.settings.salt), strict=True):
            found[row] = found[row]._replace(channel=way.channel, variant_share=way.share)
    return found


def item_for(bought: Iterable[int], items: tuple[str, ...]) -> str | None:
    """Return which of an activity's items a message to a user names; None of none.

    `bought` are hash32 of what he bought, the newest last.

    >>> tea = ("assam", "oolong", "sencha")
    >>> [item_for(map(hash32, each), tea) for each in (["sencha", "oolong", "milk", "sencha"], ["milk"])]
    ['sencha', 'assam']
    """
    known = _by_hash(items)
    times, last = Counter[int](), dict[int, int]()
    for at, each in enumerate(bought):
        if each in known:
            times[each] += 1
            last[each] = at
    if not times:
        return next(iter(items), None)
    return known[max(times, key=lambda each: (times[each], last[each]))]


@lru_cache(maxsize=1 << 10)
def _by_hash(items: tuple[str, ...]) -> Mapping[int, str]:
    """Return items by their hash32; of two with one hash the first that is listed."""
    return {hash32(each): each for each in reversed(items)}
