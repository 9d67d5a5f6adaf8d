"""What is kept of a user for pushes: when he is due, what he was sent, whether he has had enough.

The id of a push says its user, local day and number of that day and nothing of its content: after a restore another
activity may win, and the id is still the same. Pushes sent are kept for four weeks, so that every cap is a count of
them; one that failed gives its room back from the day after on, whatever is read first.
State bytes: with the rest of what is kept of a user for pushes (`pushing/part/push_part.py`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tideline.schemas.events import EventType
from tideline.udfs.core.hashing import activity_hash, hex128

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tideline.schemas.events import Event
    from tideline.udfs.core.profiles.kept_profile import KeptProfile

WEEK_DAYS = 7
KEPT_DAYS = 28
"""Days that a push is kept: the longest window of a cap."""
MOST_PUSHES = 64
"""Kept at a time; who was sent so many is sent no other that has to be counted."""
MOST_NUMBERS = 100
"""Decision points of a user's day."""
_MOST_EARLY, _LAST_DAY = 4, 65_535
_ALSO = 128
_TAG = 0xFFFFFF


class Push(NamedTuple):
    """One activity that was sent; they sort by day and number."""

    day: int
    number: int
    activity: int
    """Its tag; 0 while only its failure is known."""
    also: bool = False
    """It stood below another one in the same message: it counts for its own cap and not as a message."""
    failed: int = 0
    """How many days after it came that it failed, and one more; 0: not that is known of."""


class PushUser(NamedTuple):
    """What is known of one user."""

    due: int = 0
    """Bucket of his next decision point, 0: none."""
    day: int = 0
    """Newest local day whose slot is over."""
    number: int = 0
    """Decision points of that day so far."""
    unsubscribed_s: int = 0
    """Newest second in which he unsubscribed, 0: never."""
    codes: bytes = bytes(WEEK_DAYS)
    """Codes of what pushes were worth that day and on the six before it; 0 where there was none or nothing."""
    pushes: tuple[Push, ...] = ()


NOBODY = PushUser()


def tag_of(activity_id: str) -> int:
    """Return the number by which pushes that were sent know an activity, three bytes, never 0.

    Of 64 that are kept and 20 that may be sent next, two are taken for one in one user of some 13,000: one of them
    counts for the cap of the other.

    >>> tag_of("welcome") == activity_hash("welcome") % 2**24
    True
    """
    return tag_of_number(activity_hash(activity_id))


def tag_of_number(activity: int) -> int:
    """Return the tag of an activity_hash; of 0, which is none, 0."""
    return (activity & _TAG or 1) if activity else 0


def push_id(user_id: str, day: int, number: int) -> str:
    """Return the id of a push: day and number in plain, so that what is said of it later can be placed.

    >>> push_id("u42", 20_000, 0)
    '20000-0-ce95f89b03cf7969d4d46b0897b44550'
    """
    return f"{day}-{number}-{hex128(f'{day}-{number}-{user_id}')}"


def placed(user_id: str, named: str) -> tuple[int, int] | None:
    """Return the day and number of a user's push by its id; None where it is none of his."""
    day, _, rest = named.partition("-")
    number = rest.partition("-")[0]
    if not (day.isdecimal() and number.isdecimal() and len(day) <= 5 and len(number) <= 2):
        return None
    found = int(day), int(number)
    return found if found[0] <= _LAST_DAY and push_id(user_id, *found) == named else None


def sent_in(user: PushUser, day: int, days: int) -> int:
    """Return how many messages came on a local day and the days before it, `days` together, less what had failed."""
    return sum(not each.also for each in _counting(user, day, days))


def times_in(user: PushUser, activity: int, day: int, days: int) -> int:
    """Return how often an activity (its tag) came in those days, below others too, less what had failed."""
    return sum(each.activity == activity for each in _counting(user, day, days))


def _counting(user: PushUser, day: int, days: int) -> list[Push]:
    inside = [each for each in user.pushes if each.activity and day - days < each.day <= day]
    return [each for each in inside if not each.failed or each.day + each.failed - 1 >= day]


def days_to_room(user: PushUser, day: int) -> int:
    """Return in how many days the first message of the last seven is a week ago; seven where none came."""
    return min((each.day + WEEK_DAYS - day for each in _counting(user, day, WEEK_DAYS) if not each.also), default=7)


def with_point(user: PushUser, day: int, code: int, sent: Sequence[Push]) -> PushUser:
    """Return the user after one more decision point of a day, and what it sent.

    A failure that was read before its push is known then to be of it.
    """
    kept = {(each.day, each.number, each.activity): each for each in user.pushes}
    early = kept.pop((day, next_number(user, day), 0), None)
    for each in sent:
        kept[each.day, each.number, each.activity] = each._replace(failed=early.failed if early else 0)
    pushes = tuple(sorted(kept.values())[-MOST_PUSHES:])
    after = without_point(user._replace(pushes=pushes), day, code)
    return after._replace(number=after.number + 1)


def without_point(user: PushUser, day: int, code: int = 0) -> PushUser:
    """Return the user after a day's slot that was none: nothing was drawn, whatever it would have been worth.

    Here too pushes go that no cap counts any more: who has as many as are kept would be sent none again.
    """
    codes = _shifted(user.codes, day - user.day)
    codes = bytes([max(codes[0], code)]) + codes[1:]
    newer = user._replace(day=day, number=next_number(user, day), codes=codes)
    kept = [each for each in user.pushes if each.day > day - KEPT_DAYS]
    known = [each for each in kept if each.activity or not _is_over(newer, each.day, each.number)]
    return newer._replace(pushes=tuple(known))


def next_number(user: PushUser, day: int) -> int:
    """Return the how manyth decision point of a day is the next one, from 0; no day is before one that is over."""
    return user.number if day == user.day else 0


def _shifted(codes: bytes, days: int) -> bytes:
    return (bytes(min(days, WEEK_DAYS)) + codes)[:WEEK_DAYS]


def with_failure(user: PushUser, day: int, number: int, failed_day: int) -> PushUser:
    """Return the user after a push failed, told once or often.

    Failures that are read before it is known that their push was sent are kept until then, the next few: nobody fills
    a user's memory by telling of pushes that never were.
    """
    late = min(max(failed_day - day, 0), _ALSO - 3) + 1
    known = [each for each in user.pushes if (each.day, each.number) == (day, number)]
    others = [each for each in user.pushes if (each.day, each.number) != (day, number)]
    if not known:
        too_far = 0 < user.day < day - KEPT_DAYS
        if _is_over(user, day, number) or too_far:
            return user
        known = [Push(day, number, 0)]
    changed = [each._replace(failed=min(each.failed or late, late)) for each in known]
    every = sorted([*others, *changed])
    early = [each for each in every if not each.activity][_MOST_EARLY:]
    return user._replace(pushes=tuple(each for each in every if each not in early))


def _is_over(user: PushUser, day: int, number: int) -> bool:
    """Return whether a decision point is one that was, if ever there was one."""
    return (day, number) < (user.day, user.number)


def with_unsubscribe(user: PushUser, at_ms: int) -> PushUser:
    """Return the user after he unsubscribed, in any order the newest."""
    return user._replace(unsubscribed_s=max(user.unsubscribed_s, -(-at_ms // 1000)))


def heard(user: PushUser, event: Event, day_of: Callable[[int], int]) -> PushUser:
    """Return the user after an event of his; `day_of` says the local day, since 1970, of a moment (epoch ms).

    An `unsubscribe` counts from its own time on. A `push_failed` has the id of its push as its `event_id`: it counts
    once, however often it is told, and not at all where it names none of his. Any other event leaves him as he was.
    """
    if event.type == EventType.UNSUBSCRIBE:
        return with_unsubscribe(user, event.ts_ms)
    place = placed(event.user_id, event.event_id) if event.type == EventType.PUSH_FAILED else None
    return user if place is None else with_failure(user, *place, day_of(event.ts_ms))


def agrees(user: PushUser, profile: KeptProfile | None) -> bool:
    """Return whether a user may be sent pushes: his profile says so, and since he unsubscribed it says so anew."""
    if profile is None or not (profile.stated and profile.push):
        return False
    return profile.ts_ms > user.unsubscribed_s * 1000
