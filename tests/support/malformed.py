"""One record of every kind that must be refused, with the reason it must be refused for."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tests.support.traffic import Message, token_for
from tideline.schemas.codec import encode_event
from tideline.schemas.errors import Reason
from tideline.schemas.events import Event, EventType
from tideline.udfs.core.context import CONSTANT_X, DIM
from tideline.udfs.core.lists.token_keys import TokenKeys

if TYPE_CHECKING:
    from collections.abc import Sequence

_STRANGER_X = [CONSTANT_X] + [0] * (DIM - 1)


class Refused(NamedTuple):
    """A bad record and the reason that its dead letter must give."""

    message: Message
    reason: Reason


def refused_records(user: str, now_ms: int, keys: TokenKeys, activity_id: str, tag: str = "bad") -> dict[str, Refused]:
    """Return a bad record of each kind, all of one user; `tag` makes the event ids and bytes of a set its own."""
    key = user.encode()
    view = Event(f"{tag}-view", user, EventType.VIEW, now_ms - 1_000, item_id="item-1", price=2.5)
    avro, as_json = encode_event(view), encode_event(view, as_json=True)
    nan = encode_event(view._replace(price=float("nan")))
    ahead = encode_event(view._replace(ts_ms=now_ms + 900_000), as_json=True)
    values: dict[str, tuple[bytes | None, bytes | None, Reason]] = {
        "truncated Avro": (key, avro[:-4], Reason.TRUNCATED),
        "bytes after the Avro record": (key, avro + b"\0", Reason.TRUNCATED),
        "unknown schema id": (key, b"\0\0\0\x7f\xff" + avro[5:], Reason.UNKNOWN_SCHEMA),
        "wrong magic byte": (key, b"\x01" + avro[1:], Reason.BAD_MAGIC),
        "broken JSON": (key, as_json[:-7], Reason.BAD_JSON),
        "invalid UTF-8 in JSON": (key, as_json.replace(b"item-1", b"it\xffm-1"), Reason.BAD_UTF8),
        "invalid UTF-8 in Avro": (key, avro.replace(b"item-1", b"it\xffm-1"), Reason.BAD_UTF8),
        "invalid UTF-8 in the key": (b"\xff\xfe" + key, avro, Reason.BAD_UTF8),
        "NaN in Avro": (key, nan, Reason.NOT_FINITE),
        "NaN in JSON": (key, as_json.replace(b"2.5", b"NaN"), Reason.NOT_FINITE),
        "value over 64 KiB": (key, as_json[:-1] + b" " * 66_000 + b"}", Reason.TOO_LARGE),
        "missing key": (None, avro, Reason.MISSING_KEY),
        "empty key": (b"", avro, Reason.MISSING_KEY),
        "another user's key": (key + b"x", avro, Reason.KEY_MISMATCH),
        "unknown type": (key, as_json.replace(b'"view"', b'"stare"'), Reason.UNKNOWN_TYPE),
        "missing field": (key, as_json.replace(b'"ts_ms"', b'"time"'), Reason.WRONG_SHAPE),
        "more than 5 minutes ahead": (key, ahead, Reason.FUTURE),
        "empty value": (key, b"", Reason.EMPTY),
        "no value": (key, None, Reason.EMPTY),
    }
    values |= {
        kind: (key, value, reason)
        for kind, (value, reason) in _clicks(user, now_ms, keys, activity_id, f"{tag}-click").items()
    }
    return {kind: Refused(Message(key, value), reason) for kind, (key, value, reason) in values.items()}


def _clicks(
    user: str, now_ms: int, keys: TokenKeys, activity_id: str, event_id: str
) -> dict[str, tuple[bytes, Reason]]:
    """Return a click with each kind of token that proves nothing."""
    token = token_for(user, [activity_id], keys, now_ms, 1, _STRANGER_X)
    forged = token_for(user, [activity_id], TokenKeys({1: b"\1" * 32}, 1), now_ms, 1, _STRANGER_X)
    others = token_for(user + "x", [activity_id], keys, now_ms, 1, _STRANGER_X)
    tokens = {
        "garbled token": (token[:-5] + "!!!!!", Reason.BAD_TOKEN),
        "forged token": (forged, Reason.FOREIGN_TOKEN),
        "another user's token": (others, Reason.FOREIGN_TOKEN),
    }
    click = Event(event_id, user, EventType.CLICK, now_ms, activity_id=activity_id, position=0)
    return {kind: (encode_event(click._replace(token=text)), reason) for kind, (text, reason) in tokens.items()}


def many_refused(count: int, users: Sequence[str], now_ms: int, keys: TokenKeys, activity_id: str) -> list[Refused]:
    """Return `count` bad records of all kinds in turn, spread over the users; no two sets are alike."""
    found: list[Refused] = []
    while len(found) < count:
        user = users[len(found) % len(users)]
        found += refused_records(user, now_ms, keys, activity_id, f"bad-{len(found)}").values()
    return found[:count]
