"""What is decided at decision points that are due: users in, their states, their parts and records out."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tideline.udfs.core.hashing import hashes64
from tideline.udfs.core.profiles.kept_profile import read_kept
from tideline.udfs.core.push.effects import push_values, push_widths
from tideline.udfs.core.push.push_choice import Point, PushTerms, decide_point, lucks
from tideline.udfs.core.push.push_prices import value_codes
from tideline.udfs.core.push.push_record import Made, encode_push, record_of
from tideline.udfs.core.push.push_user import WEEK_DAYS, sent_in
from tideline.udfs.core.push.send_hours import EXPIRES, SLOT, expiry
from tideline.udfs.core.pushing.due import MINUTE_MS, Waiting, chances_of, clocks_for, local_days, next_slots
from tideline.udfs.core.pushing.messages import messages_for
from tideline.udfs.core.pushing.naming import named
from tideline.udfs.core.pushing.outcomes import point_row, with_point
from tideline.udfs.core.pushing.part.coarse import coarse
from tideline.udfs.core.pushing.part.push_part import MOST_RECENT, KeptPoint
from tideline.udfs.core.serving.engine import nothing_merged
from tideline.udfs.core.users.as_told import as_told, known
from tideline.udfs.core.users.interest import encode, stranger_x
from tideline.udfs.core.users.user_state import decode_states, encode_states
from tideline.udfs.core.variants.variant_shares import PARTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from tideline.udfs.core.push.learned.push_settings import PushSettings
    from tideline.udfs.core.push.push_choice import Decided
    from tideline.udfs.core.push.push_user import PushUser
    from tideline.udfs.core.push.send_hours import Clocks
    from tideline.udfs.core.pushing.messages import PushOffers
    from tideline.udfs.core.pushing.part.push_part import PushPart
    from tideline.udfs.core.serving.ranker_state import RankerState
    from tideline.udfs.core.users.user_state import UserBatch

_NEVER_MS = 2**62
_A_DAY = 1
"""Messages a day: a user has one decision point in it, and flying west gives him no second one."""


class DuePoints(NamedTuple):
    """Users who are due in a bucket, with what is kept of each."""

    users: list[str]
    states: list[bytes | None]
    parts: list[PushPart]


class DecidedPoints(NamedTuple):
    """What is to be kept of the users, and the records of their points by user; where nothing was drawn there is none.

    `due` are the buckets of their next points, 0 for none.
    """

    states: list[bytes]
    parts: list[PushPart]
    due: dict[str, int]
    records: list[tuple[str, bytes]]
    rows: list[NDArray[Any]]
    """What the learner is told of the points, [1] each (dtype PUSH_FEEDBACK)."""
    counts: Counter[str]


class Offered(NamedTuple):
    """What decision points of one moment are decided with."""

    ranker: RankerState
    pushed: PushOffers
    terms: PushTerms


def decide_points(found: DuePoints, ranker: RankerState, pushed: PushOffers, now_ms: int) -> DecidedPoints:
    """Return what is decided at the points of users that are due, as of a moment of event time.

    The ranker has settings for pushes, and `pushed` is what it offers by them.
    """
    settings, salt = push_settings(ranker), ranker.settings.salt
    if not found.users:
        return DecidedPoints([], [], {}, [], [], Counter())
    batch = decode_states(found.states, ranker.encoder.hidden)
    told = _as_told(batch, ranker, now_ms)
    waiting = waiting_of(told, found.users, [part.user for part in found.parts])
    points = _points(found.users, waiting, settings, now_ms)
    terms = PushTerms(_A_DAY, settings.week, ranker.pushes.price(settings, now_ms), salt, ranker.pushes.effects.known)
    x = coarse(np.ascontiguousarray(told.header["x"]))
    after, decided, until_ms = _decided(points, waiting, told, x, Offered(ranker, pushed, terms))
    chances = chances_of(waiting, [point.day for point in points], settings, salt)
    made = [
        _made(ranker, each, now_ms, chance, of_user.tobytes())
        for each, chance, of_user in zip(waiting, chances, x, strict=True)
    ]
    made = named(made, decided, told, ranker, pushed.channels)
    points = [point._replace(expires_ms=until) for point, until in zip(points, until_ms, strict=True)]
    records = [record for each in zip(points, decided, made, strict=True) if (record := record_of(*each))]
    parts, rows = _kept(found.parts, waiting, decided, made, (now_ms, settings.horizon_ms))
    moved = [each._replace(user=user) for each, user in zip(waiting, after, strict=True)]
    due = [slot.bucket for slot in next_slots(moved, settings, salt, now_ms, over=True)]
    users = [user._replace(due=bucket) for user, bucket in zip(after, due, strict=True)]
    return DecidedPoints(
        encode_states(batch),
        [part._replace(user=user) for part, user in zip(parts, users, strict=True)],
        dict(zip(found.users, due, strict=True)),
        [(record.user_id, encode_push(record)) for record in records],
        rows,
        Counter(f"pushes_{each.why}" for each in decided),
    )


def _made(ranker: RankerState, each: Waiting, now_ms: int, hour_chance: float, x: bytes) -> Made:
    version = max(ranker.version, ranker.pushes.version, 0)
    return Made(each.user.due * SLOT * MINUTE_MS, now_ms, hour_chance, ranker.encoder.version, version, x)


def _kept(
    parts: Sequence[PushPart],
    waiting: Sequence[Waiting],
    decided: Sequence[Decided],
    made: Sequence[Made],
    times_ms: tuple[int, int],
) -> tuple[list[PushPart], list[NDArray[Any]]]:
    """Return the parts with the points of which it is to be learned what comes, and the rows that all are told by."""
    after, rows = [], []
    codes = value_codes(np.array([each.value for each in decided], np.int64)).tolist()
    for at, (part, each, found) in enumerate(zip(parts, waiting, decided, strict=True)):
        point, learned = None, found.chance < PARTS and each.profile is not None and each.profile.learn
        if found.push_id is not None:
            chance, minute = min(found.chance, PARTS - 1), made[at].due_ms // MINUTE_MS
            point = KeptPoint(minute, made[at].x, min(found.recent, MOST_RECENT), chance, int(found.sent))
            rows.append(point_row(point, codes[at], learned=learned))
        after.append(with_point(part, point if learned else None, *times_ms))
    return after, rows


def push_settings(ranker: RankerState) -> PushSettings:
    """Return how a deployment pushes that does; raises ValueError where it does not."""
    if ranker.settings.push is None:
        raise ValueError("settings without pushes; decision points are of a deployment that has them")
    return ranker.settings.push


def _as_told(batch: UserBatch, ranker: RankerState, now_ms: int) -> UserBatch:
    """Return users as they agreed to be ranked, as of a moment; who was not encoded yet is, in the batch too."""
    stale = np.flatnonzero(known(batch) & (batch.header["encoder"] != ranker.encoder.version))
    encode(batch, stale, nothing_merged(batch.header.size), ranker.encoder)
    told = as_told(replace(batch, header=batch.header.copy()), np.arange(batch.header.size), now_ms)
    told.header["x"][~known(batch)] = stranger_x()
    return told


def waiting_of(told: UserBatch, users: Sequence[str], known_of: Sequence[PushUser]) -> list[Waiting]:
    """Return users as `due.py` knows them, of a batch as they agreed to be ranked."""
    profiles = [read_kept(each) if each else None for each in told.profiles]
    hashes, times = hashes64(users).tolist(), told.history["ts_ms"]
    return [Waiting(*each) for each in zip(known_of, profiles, hashes, times, strict=True)]


def _points(users: Sequence[str], waiting: Sequence[Waiting], settings: PushSettings, now_ms: int) -> list[Point]:
    """Return the points of users in their buckets, with until when each may be sent whatever it is about."""
    found: list[Point] = [Point("", 0, 0)] * len(users)
    of_clocks: dict[Clocks, list[int]] = {}
    for row, each in enumerate(waiting):
        of_clocks.setdefault(clocks_for(each.profile, settings), []).append(row)
    for clocks, rows in of_clocks.items():
        due = np.array([waiting[row].user.due for row in rows], np.int64)
        days = local_days(clocks, due * SLOT).tolist()
        until = expiry(clocks, due, now_ms, np.full(due.size, _NEVER_MS)).tolist()
        for row, day, until_ms in zip(rows, days, until, strict=True):
            found[row] = Point(users[row], day, until_ms)
    return found


def _decided(
    points: Sequence[Point], waiting: Sequence[Waiting], told: UserBatch, x: NDArray[np.int8], offered: Offered
) -> tuple[list[PushUser], list[Decided], list[int]]:
    """Return the users after their points, what was decided by coarse contexts x, and until when each may be sent."""
    ranker = offered.ranker
    settings = push_settings(ranker)
    recent = [sent_in(each.user, point.day, WEEK_DAYS) for each, point in zip(waiting, points, strict=True)]
    asked = ranker.pushes.effects, settings.costs(ranker.weights), x, np.array(recent, np.int64)
    values, widths = push_values(*asked), push_widths(*asked).tolist()
    messages = messages_for(ranker, offered.pushed, told, [point.user_id for point in points], values.tolist())
    after, decided, until_ms = [], [], []
    drawn = lucks([each.user for each in waiting], points, offered.terms.salt)
    for row, (each, point, luck) in enumerate(zip(waiting, points, drawn, strict=True)):
        late_ms = (each.user.due * SLOT + EXPIRES) * MINUTE_MS
        point = point._replace(width=widths[row], luck=luck)
        some = messages.candidates[row] if late_ms > int(told.header["as_of_ms"][row]) else []
        user, found = decide_point(each.user, each.profile, point, some, offered.terms)
        ends_ms = messages.until_ms[row][found.activities[0]] if found.activities else 0
        after.append(user._replace(due=0))
        decided.append(found)
        until_ms.append(min(point.expires_ms or late_ms, ends_ms))
    return after, decided, until_ms
