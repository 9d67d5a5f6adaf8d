"""Writes the Avro record of a decision, written out by hand.

There is one for every tenth event: fastavro needs 13 us for one with ten activities, this 4 us.
One of a default list is of version 5, which differs from version 6 in that it names no placement.
A test holds the two against each other on generated decisions, so a changed schema cannot leave this file behind.
"""

import struct
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from tideline.schemas.records import DECISION, wire_header
from tideline.schemas.registry import shipped

_END, _NULL, _VALUE = b"\x00", b"\x00", b"\x02"
"""End of an array, and the index of a union's branch as Avro writes it (zigzag)."""
_PAIR = 1 << 14
_LAST = [bytes((low,)) if low < 0x80 else bytes((low & 0x7F | 0x80, low >> 7)) for low in range(_PAIR)]
_MORE = [bytes((low & 0x7F | 0x80, low >> 7 | 0x80)) for low in range(_PAIR)]
"""The last bytes of a number, and two that others follow, by 14 of its bits: a third of the cost of one by one."""
_pack_double = struct.Struct("<Bd").pack
_VALUE_BRANCH = 2
_OF_DEFAULT_LISTS = wire_header(shipped().versions_of("decision")[4].schema_id)


def encode_decision(record: Mapping[str, Any]) -> bytes:
    """Return the wire bytes of a decision record with all of its fields, of the right types; no number is negative."""
    slate, constraints = record["slate"], record["constraints"]
    return b"".join(
        (
            DECISION.header if record["placement"] else _OF_DEFAULT_LISTS,
            _text(record["user_id"]),
            _text(record["decision_id"]),
            _name(record["activity_id"]),
            _small(record["position"]),
            _whole(record["shown_ms"]),
            _small(record["generation"]),
            _whole(record["as_of_ms"]),
            _whole(record["seq"]),
            _small(record["encoder_version"]),
            _small(record["policy_version"]),
            _small(record["eligible"]),
            b"\x01" if record["explored"] else b"\x00",
            _number(record["propensity"]),
            _number(record["mean"]),
            _number(record["bonus"]),
            _whole(len(record["x"])),
            record["x"],
            _small(len(slate)) if slate else b"",
            *map(_entry, slate),
            _END,
            _name(record["policy"]),
            _small(len(constraints)) if constraints else b"",
            *map(_name, constraints),
            _END,
            _name(record["experiment"]),
            _name(record["arm"]),
            _number(record["shadow_mean"]),
            _number(record["shadow_bonus"]),
            _whole(record["pair"]),
            *_optional(record["feasible"]),
            _name(record["variant"]),
            _number(record["variant_share"]),
            _name(record["placement"]) if record["placement"] else b"",
        )
    )


def _whole(number: int) -> bytes:
    if number < 0:
        raise ValueError(f"{number}: a decision holds no negative number")
    number <<= 1
    if number < _PAIR:
        return _LAST[number]
    found = _MORE[number & _PAIR - 1]
    number >>= 14
    while number >= _PAIR:
        found += _MORE[number & _PAIR - 1]
        number >>= 14
    return found + _LAST[number]


def _text(text: str) -> bytes:
    data = text.encode()
    return _whole(len(data)) + data


def _number(value: float | None) -> bytes:
    return _NULL if value is None else _pack_double(_VALUE_BRANCH, value)


def _optional(number: int | None) -> tuple[bytes, ...]:
    return (_NULL,) if number is None else (_VALUE, _small(number))


_small = lru_cache(maxsize=1 << 12)(_whole)
"""Of numbers that come again and again."""
_name = lru_cache(maxsize=1 << 14)(_text)
"""Of texts that come again and again."""


@lru_cache(maxsize=1 << 14)
def _entry(name: str | None) -> bytes:
    return _NULL if name is None else _VALUE + _text(name)
