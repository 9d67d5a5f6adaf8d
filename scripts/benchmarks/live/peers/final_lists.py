"""Lists as they stand at the end, beside those of a run that nothing disturbs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from tideline.schemas.codec import encode_event
from tideline.udfs.core.lists.decision_token import verify
from tideline.udfs.core.lists.list_version import parse_version
from tideline.udfs.core.serving.engine import Records, process

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import SimpleNamespace

    from tideline.schemas.events import Event
    from tideline.scripts.benchmarks.live.peers.event_body import EventBody
    from tideline.udfs.core.lists.token_keys import TokenKeys
    from tideline.udfs.core.serving.ranker_state import RankerState


class Final(NamedTuple):
    """What a user's list says of the events behind it: the newest one's time, their number, his x as bytes."""

    as_of_ms: int
    seq: int
    x: bytes


class Audit(NamedTuple):
    """Users, how many of their lists are as they should be; events that lists lack, and that they count twice."""

    users: int
    equal: int
    lost: int
    twice: int


def finals(lists: Mapping[str, bytes], keys: TokenKeys) -> dict[str, Final]:
    """Return what the lists of users say; which activities are on them follows from what was learned, and is not told.

    Raises:
        InvalidRecord: one is signed for somebody else, or not by these keys.
    """
    found = {}
    for user, made in lists.items():
        version = parse_version(made)
        found[user] = Final(version.as_of_ms, version.seq, verify(json.loads(made)["k"], user, keys).x)
    return found


def stored(redis: Any, prefix: str, users: Sequence[str], keys: TokenKeys) -> dict[str, Final]:
    """Return what the lists in Redis say, of the users who have one."""
    lists = redis.mget([f"{prefix}:list:{user}" for user in users])
    return finals({user: made for user, made in zip(users, lists, strict=True) if made is not None}, keys)


def by_core(ranker: RankerState, events: Sequence[Event]) -> dict[str, Final]:
    """Return what lists say once the core has had all of these events."""
    keys = [event.user_id.encode() for event in events]
    records = Records(keys, [encode_event(event) for event in events], [event.ts_ms for event in events])
    outcome = process(records, lambda users: [None] * len(users), ranker)
    return finals(dict(zip(outcome.listed, outcome.lists, strict=True)), ranker.settings.keys)


def by_body(body: EventBody, events: Sequence[Event], keys: TokenKeys) -> dict[str, Final]:
    """Return what lists say once what takes events one by one has had all of these, in their order."""
    users: dict[str, SimpleNamespace] = {}
    for event in events:
        users[event.user_id] = body.after(users.get(event.user_id), event)
    names = list(users)
    return finals(dict(zip(names, body.lists(names, list(users.values())), strict=True)), keys)


def audit(expected: Mapping[str, Final], found: Mapping[str, Final]) -> Audit:
    """Compare lists with what they should be, user by user.

    >>> audit({"a": Final(9, 3, b""), "b": Final(9, 2, b"")}, {"a": Final(9, 5, b"")})
    Audit(users=2, equal=0, lost=2, twice=2)
    """
    more = [(found[user].seq if user in found else 0) - want.seq for user, want in expected.items()]
    equal = sum(found.get(user) == want for user, want in expected.items())
    return Audit(len(expected), equal, sum(-each for each in more if each < 0), sum(each for each in more if each > 0))
