"""What a log of messages breaks of the promises of docs/contracts/push.md, by the records alone."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import tzinfo

    from tideline.udfs.core.push.push_record import PushRecord

_WEEK_DAYS = 7


class PushPromises(NamedTuple):
    """What was promised to users: messages a day and in seven, and from which to which hour of their clocks."""

    day: int
    week: int
    hours: tuple[int, int]
    zone: tzinfo = UTC


def broken_promises(
    records: Iterable[PushRecord], left_ms: Mapping[str, int], promises: PushPromises
) -> dict[str, int]:
    """Return by the name of a promise how many of the messages that were to be sent break it; those alone.

    `told_twice`: of an id that another record has too. `quiet`: due outside the hours. `late`: told when it was over.
    `day`, `week`: more than so many came by then. `unsubscribed`: its user had left.
    """
    sent = sorted((each for each in records if each.sent), key=lambda each: (each.told_ms, each.push_id))
    ids = Counter(each.push_id for each in sent)
    found = Counter(told_twice=sum(count - 1 for count in ids.values()))
    days: dict[str, list[int]] = {}
    for each in sent:
        due = datetime.fromtimestamp(each.due_ms / 1000, promises.zone)
        mine = days.setdefault(each.user_id, [])
        mine.append(due.toordinal())
        since = due.toordinal() - _WEEK_DAYS
        found["quiet"] += not promises.hours[0] <= due.hour < promises.hours[1]
        found["late"] += each.told_ms >= each.expires_ms
        found["day"] += not each.must and mine.count(due.toordinal()) > promises.day
        found["week"] += not each.must and sum(day > since for day in mine) > promises.week
        found["unsubscribed"] += left_ms.get(each.user_id, each.told_ms) < each.told_ms
    return {name: count for name, count in sorted(found.items()) if count}
