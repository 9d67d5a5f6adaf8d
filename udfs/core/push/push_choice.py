"""What is decided at a user's decision point: what is sent, or that nothing is, and why.

In this order: consent, what must be sent, quiet hours and expiry, who is never pushed, caps, and then value against the
price of the room that is left: of all pushes together, and of the user's own week. One message a point: the best
activity, and below it up to three more that are worth it.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tideline.udfs.core.counter_random import decision_seeds
from tideline.udfs.core.hashing import hashes64
from tideline.udfs.core.push.push_prices import FULL, VALUE_CODES, code_starts, price_of_room, value_codes
from tideline.udfs.core.push.push_user import (
    KEPT_DAYS,
    MOST_NUMBERS,
    MOST_PUSHES,
    WEEK_DAYS,
    Push,
    PushUser,
    agrees,
    days_to_room,
    next_number,
    push_id,
    sent_in,
    tag_of,
    times_in,
    with_point,
    without_point,
)
from tideline.udfs.core.push.sending import LEARN, chance_of, draws, held_out
from tideline.udfs.core.variants.variant_shares import PARTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tideline.udfs.core.profiles.kept_profile import KeptProfile

ALSO = 3
"""Activities below the first one of a message, where what is kept of a user has room for them and for all messages."""
_WEEKS = KEPT_DAYS // WEEK_DAYS


class Why(StrEnum):
    """What became of a decision point. `meaning` is one line for people."""

    meaning: str

    def __new__(cls, label: str, meaning: str = "") -> Why:
        """Make a member whose value is `label` alone."""
        member = str.__new__(cls, label)
        member._value_ = label
        member.meaning = meaning
        return member

    SENT = "sent", "A message was sent."
    WITHHELD = "withheld", "Drawn not to be sent; it might have been."
    NO_CONSENT = "no_consent", "Their user has not agreed to messages, or unsubscribed."
    QUIET = "quiet", "Quiet hours by now, or expired."
    HELD_OUT = "held_out", "Their user is one of those who are never sent any."
    CAPPED = "capped", "The room of their user's day or week, or of all, is used up."
    NOTHING = "nothing", "No activity, or none whose own cap has room."


class Candidate(NamedTuple):
    """An activity that a user may be told of: what it is worth to send, in 2^-24 worth, and its marketer's terms."""

    activity_id: str
    value: int
    priority: int = 0
    """Of those worth sending the highest goes first."""
    must: bool = False
    """It is sent whatever it is worth and however many came."""
    breaks_quiet: bool = False
    """What must be sent is sent in quiet hours too."""
    most: int = MOST_PUSHES
    """So often at most in `days`."""
    days: int = KEPT_DAYS


class PushTerms(NamedTuple):
    """What holds for all: messages a day and in seven, the price of all pushes' room, and what is known of them."""

    day: int
    week: int
    price: int
    salt: int
    known: bool


class Luck(NamedTuple):
    """What is drawn for a point by its name alone, before anything is decided."""

    held_out: bool
    draw: int
    """Of 256: sent is where the chance is above it."""


class Point(NamedTuple):
    """A user's decision point: his local day, and until when it may be sent; 0: not any more."""

    user_id: str
    day: int
    expires_ms: int
    width: int = 0
    """Standard error of what it is worth to send, in 2^-24 worth."""
    luck: Luck | None = None
    """As `lucks` draws it, for many at once: one by one it was a third of a point's time. None: not drawn yet."""


class Decided(NamedTuple):
    """What became of a point; without an id nothing was drawn."""

    why: Why
    push_id: str | None = None
    activities: tuple[str, ...] = ()
    """The first one, and those below it."""
    sent: bool = False
    chance: int = 0
    """Of 256; 256 for what must be sent, of which nothing is learned."""
    value: int = 0
    price: int = 0
    recent: int = 0
    """Messages of the seven days before."""


def decide_point(
    user: PushUser, profile: KeptProfile | None, point: Point, candidates: Sequence[Candidate], terms: PushTerms
) -> tuple[PushUser, Decided]:
    """Return the user after a decision point, and what was decided.

    A day that is before one that is over (who flew west) counts as that one.
    """
    luck = point.luck or lucks([user], [point], terms.salt)[0]
    point = point._replace(day=max(point.day, user.day))
    if not agrees(user, profile):
        return without_point(user, point.day), Decided(Why.NO_CONSENT)
    must = [each for each in candidates if each.must and (point.expires_ms or each.breaks_quiet)]
    if must:
        return _told(user, point, sorted(must, key=_order, reverse=True)[: 1 + _also(user, point.day, terms)], _MUST)
    open_ = [each for each in candidates if not each.must and _has_room(user, each, point.day)]
    best = max((each.value for each in open_), default=0)
    why = _refused(user, point, terms, luck) or (None if open_ else Why.NOTHING)
    if why is not None:
        return without_point(user, point.day, _code(best) if why is Why.CAPPED else 0), Decided(why)
    price = max(terms.price, own_price(user, point.day, terms.week))
    worth_it = sorted((each for each in open_ if each.value > price), key=_order, reverse=True)
    told = worth_it or [max(open_, key=lambda each: (each.value, each.activity_id))]
    told = told[: 1 + _also(user, point.day, terms)]
    return _told(user, point, told, _drawn(luck, point, told[0].value, price, terms))


def _also(user: PushUser, day: int, terms: PushTerms) -> int:
    """Return how many activities may stand below another one: the messages of four weeks are kept in any case."""
    kept = sum(each.also for each in user.pushes if each.day > day - KEPT_DAYS)
    return min(max(MOST_PUSHES - _WEEKS * terms.week - kept, 0), ALSO)


class _Draw(NamedTuple):
    sent: bool
    chance: int
    price: int


_MUST = _Draw(True, PARTS, 0)


def lucks(users: Sequence[PushUser], points: Sequence[Point], salt: int) -> list[Luck]:
    """Return what is drawn for the points of users, by user, local day and number of that day."""
    hashes = hashes64([each.user_id for each in points])
    days = [max(point.day, user.day) for user, point in zip(users, points, strict=True)]
    numbers = [next_number(user, day) for user, day in zip(users, days, strict=True)]
    drawn = draws(decision_seeds(hashes, np.array(days), np.array(numbers), salt))
    return list(map(Luck, held_out(hashes, salt).tolist(), drawn.tolist()))


def _drawn(luck: Luck, point: Point, value: int, price: int, terms: PushTerms) -> _Draw:
    chance = chance_of(value, point.width, price) if terms.known else LEARN
    return _Draw(luck.draw < chance, chance, price)


def _refused(user: PushUser, point: Point, terms: PushTerms, luck: Luck) -> Why | None:
    if not point.expires_ms:
        return Why.QUIET
    if luck.held_out:
        return Why.HELD_OUT
    if terms.price >= FULL:
        return Why.CAPPED
    today, week = sent_in(user, point.day, 1), sent_in(user, point.day, WEEK_DAYS)
    kept = len(user.pushes) >= MOST_PUSHES or next_number(user, point.day) >= MOST_NUMBERS
    return Why.CAPPED if today >= terms.day or week >= terms.week or kept else None


def own_price(user: PushUser, day: int, week: int) -> int:
    """Return what a push must be worth for the room that is left of the user's week, by what his last days were worth.

    So much as the best of as many days as there are messages left, until one more is a week ago.
    """
    known = np.frombuffer(user.codes, np.uint8)[: max(WEEK_DAYS - (day - user.day), 0)]
    counts = np.bincount(known[known > 0], minlength=VALUE_CODES).astype(np.float64)
    price = price_of_room(counts, week - sent_in(user, day, WEEK_DAYS), days_to_room(user, day))
    # Of days within one code it is not known which is worth more: were all alike, none would reach a price inside it.
    code = _code(price)
    return int(code_starts()[code]) if counts[code] > 1 else price


def _order(each: Candidate) -> tuple[int, int, str]:
    return each.priority, each.value, each.activity_id


def _has_room(user: PushUser, each: Candidate, day: int) -> bool:
    if not user.pushes:  # most users: of 20 candidates each, 140 of a point's 700 us went into counting nothing
        return each.most > 0
    return times_in(user, tag_of(each.activity_id), day, each.days) < each.most


def _code(value: int) -> int:
    return int(value_codes(np.array([value]))[0])


def _told(user: PushUser, point: Point, told: Sequence[Candidate], draw: _Draw) -> tuple[PushUser, Decided]:
    """Return the user and what was decided, of activities in their order, once it is known whether it is sent."""
    number = next_number(user, point.day)
    rows = [Push(point.day, number, tag_of(each.activity_id), also=at > 0) for at, each in enumerate(told)]
    decided = Decided(
        Why.SENT if draw.sent else Why.WITHHELD,
        push_id(point.user_id, point.day, number),
        tuple(each.activity_id for each in told),
        draw.sent,
        draw.chance,
        told[0].value,
        draw.price,
        sent_in(user, point.day, WEEK_DAYS),
    )
    return with_point(user, point.day, _code(told[0].value), rows if draw.sent else []), decided
