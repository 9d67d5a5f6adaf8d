"""Reads the Avro body of the newest clickstream version, written out by hand.

fastavro needs 5.5 us for such a body and takes an index of -1 for the last symbol; this needs 3 us and refuses it.
A test holds the two against each other on generated events, so a changed schema cannot leave this file behind.
"""

import struct
from typing import NoReturn

from tideline.schemas.errors import InvalidRecord, Reason
from tideline.schemas.events import FIRST_ACTIVITY_TYPE, TYPE_NAMES, WIRE_SYMBOLS, Event
from tideline.schemas.fields import EARLIEST_MS, MAX_AMOUNT

_VALUE_BRANCH = 2
"""Index 1 of ["null", ...] as Avro writes it (zigzag)."""
_FOUR_NULLS = bytes(4)
_TYPE_OF_BYTE = {2 * WIRE_SYMBOLS.index(name): number for number, name in enumerate(TYPE_NAMES)}
_ORGANIC_OF_BYTE = {byte: number for byte, number in _TYPE_OF_BYTE.items() if number < FIRST_ACTIVITY_TYPE}
_MAX_VARINT_BITS = 63

_unpack_double = struct.Struct("<d").unpack_from
_new_event = tuple.__new__
"""Makes an Event of a row of all its fields, at a third of what its own way costs."""


def read_plain(value: bytes, at: int, key: bytes, latest_ms: int) -> Event | None:
    """Return the event of a body as most are: of the user `key`, about no activity, texts short, all as `Event` says.

    None for any other, good or bad, and after `latest_ms`: ask `read_clickstream`. 1.3 us with all checks, else 2.1.
    """
    try:
        size, size_at = value[at], at + 1 + (value[at] >> 1)
        type_at = size_at + 1 + (value[size_at] >> 1)
        kind = _ORGANIC_OF_BYTE.get(value[type_at])
        if kind is None or value[size_at + 1 : type_at] != key:
            return None
        event_id, user_id, sizes = value[at + 1 : size_at].decode(), key.decode(), size | value[size_at]
        a, b, c, d, e, f = value[type_at + 1 : type_at + 7]
        ts_ms = a >> 1 & 0x3F | (b & 0x7F) << 6 | (c & 0x7F) << 13 | (d & 0x7F) << 20 | (e & 0x7F) << 27 | f << 34
        plain = size and a & b & c & d & e & ~f & 0x80 and not a & 1 and EARLIEST_MS <= ts_ms <= latest_ms
        item_id = category = price = quantity = None
        at = type_at + 7
        if value[at] == _VALUE_BRANCH:
            sizes, start, at = sizes | value[at + 1], at + 2, at + 2 + (value[at + 1] >> 1)
            item_id = value[start:at].decode() or None
        else:
            plain, at = plain and not value[at], at + 1
        if value[at] == _VALUE_BRANCH:
            sizes, start, at = sizes | value[at + 1], at + 2, at + 2 + (value[at + 1] >> 1)
            category = value[start:at].decode() or None
        else:
            plain, at = plain and not value[at], at + 1
        if value[at] == _VALUE_BRANCH:
            price, quantity = _unpack_double(value, at + 1)[0], value[at + 10]
            plain = plain and value[at + 9] == _VALUE_BRANCH and not quantity & 0x81 and 0.0 <= price <= MAX_AMOUNT
            quantity, at = quantity >> 1, at + 11
        else:
            plain, at = plain and not (value[at] or value[at + 1]), at + 2
        if not plain or sizes & 0x81 or value[at:] != _FOUR_NULLS:
            return None
    except (IndexError, ValueError, struct.error):
        return None
    about = (event_id, user_id, kind, ts_ms, item_id, category, price, quantity)
    return _new_event(Event, (*about, None, None, None, None))


def read_clickstream(value: bytes, at: int) -> Event:
    """Return the event whose body starts at byte `at` and ends where the value ends; ranges are not checked.

    An optional text of no characters is missing.

    Raises InvalidRecord (TRUNCATED, BAD_UTF8, UNKNOWN_TYPE).
    """
    try:
        event_id, user_id, kind, ts_ms, at = _head(value, at)
        # An event of an activity rarely has the first four, any other event never the last four.
        if value[at : at + 4] == _FOUR_NULLS:
            item_id = category = price = quantity = None
            at += 4
        else:
            item_id, category, price, quantity, at = _thing(value, at)
        if value[at : at + 4] == _FOUR_NULLS:
            activity_id = token = position = amount = None
            at += 4
        else:
            activity_id, token, position, amount, at = _shown(value, at)
    except (IndexError, struct.error) as error:
        raise InvalidRecord(Reason.TRUNCATED, "clickstream: the body ends inside a field") from error
    if at != len(value):
        raise InvalidRecord(Reason.TRUNCATED, f"{len(value) - at} bytes left after the clickstream record")
    row = (event_id, user_id, kind, ts_ms, item_id, category, price, quantity, activity_id, token, position, amount)
    return _new_event(Event, row)


def type_at_a_glance(value: bytes, at: int) -> int | None:
    """Return the type of the event whose body starts at byte `at`, unless it is refused; None where ids are long.

    A tenth of what reading it costs.
    """
    try:
        for _ in range(2):
            size = value[at]
            if size & 0x81:
                return None
            at += 1 + (size >> 1)
        return _TYPE_OF_BYTE.get(value[at])
    except IndexError:
        return None


# Every text is followed by at least one byte that is read, so a text cut short cannot go unnoticed. Texts of less than
# 64 bytes are read in line: 0.1 us less each. Where such a one is no UTF-8, `_text` says why.
def _head(value: bytes, at: int) -> tuple[str, str, int, int, int]:
    size = value[at]
    end = at + 1 + (size >> 1)
    try:
        event_id, end = (value[at + 1 : end].decode(), end) if not size & 0x81 else _text(value, at)
        size, at = value[end], end
        end = at + 1 + (size >> 1)
        user_id, at = (value[at + 1 : end].decode(), end) if not size & 0x81 else _text(value, at)
    except UnicodeDecodeError:
        _text(value, at)
        raise
    kind = _TYPE_OF_BYTE.get(value[at])
    if kind is None:
        told = f"type has Avro index byte {value[at]}; allowed: {', '.join(TYPE_NAMES)}"
        raise InvalidRecord(Reason.UNKNOWN_TYPE, told)
    part = value[at + 1 : at + 7]
    if len(part) == 6 and part[5] < 0x80:
        # The six bytes of a time between July 1970 and 2039, without a loop: 0.2 us less.
        a, b, c, d, e, f = part
        if a & b & c & d & e & 0x80:
            number = a & 0x7F | (b & 0x7F) << 7 | (c & 0x7F) << 14 | (d & 0x7F) << 21 | (e & 0x7F) << 28 | f << 35
            return event_id, user_id, kind, (number >> 1) ^ -(number & 1), at + 7
    ts_ms, at = _varint(value, at + 1)
    return event_id, user_id, kind, ts_ms, at


def _thing(value: bytes, at: int) -> tuple[str | None, str | None, float | None, int | None, int]:
    item_id = category = price = quantity = None
    if value[at]:
        item_id, at = _text_branch(value, at)
    else:
        at += 1
    if value[at]:
        category, at = _text_branch(value, at)
    else:
        at += 1
    if value[at]:
        price, at = _double_branch(value, at)
    else:
        at += 1
    if value[at]:
        quantity, at = _int_branch(value, at)
    else:
        at += 1
    return item_id, category, price, quantity, at


def _shown(value: bytes, at: int) -> tuple[str | None, str | None, int | None, float | None, int]:
    activity_id, at = _text_branch(value, at) if value[at] else (None, at + 1)
    token, at = _text_branch(value, at) if value[at] else (None, at + 1)
    position, at = _int_branch(value, at) if value[at] else (None, at + 1)
    amount, at = _double_branch(value, at) if value[at] else (None, at + 1)
    return activity_id, token, position, amount, at


def _varint(value: bytes, at: int) -> tuple[int, int]:
    byte = value[at]
    at += 1
    number = byte & 0x7F
    shift = 7
    while byte > 0x7F:
        # Without a bound 64 KiB of 0xff would be a number of 57 kB, built in a second.
        if shift > _MAX_VARINT_BITS:
            raise InvalidRecord(Reason.TRUNCATED, "clickstream: a number is longer than 10 bytes")
        byte = value[at]
        at += 1
        number |= (byte & 0x7F) << shift
        shift += 7
    return (number >> 1) ^ -(number & 1), at


def _text(value: bytes, at: int) -> tuple[str, int]:
    size = value[at]
    if size & 0x81:
        size, at = _varint(value, at)
        if size < 0:
            raise InvalidRecord(Reason.TRUNCATED, "clickstream: a string of negative length")
    else:
        size >>= 1
        at += 1
    end = at + size
    try:
        return value[at:end].decode(), end
    except UnicodeDecodeError as error:
        if end > len(value):
            raise IndexError("a string longer than the value, cut inside a character") from error
        raise InvalidRecord(Reason.BAD_UTF8, "clickstream: a string is not UTF-8") from error


def _text_branch(value: bytes, at: int) -> tuple[str | None, int]:
    if value[at] != _VALUE_BRANCH:
        _refuse_branch(value[at])
    size = value[at + 1]
    if not size & 0x81:
        end = at + 2 + (size >> 1)
        try:
            return value[at + 2 : end].decode() or None, end
        except UnicodeDecodeError:
            pass
    text, at = _text(value, at + 1)
    return text or None, at


def _int_branch(value: bytes, at: int) -> tuple[int, int]:
    if value[at] != _VALUE_BRANCH:
        _refuse_branch(value[at])
    byte = value[at + 1]
    if byte < 0x80:
        return (byte >> 1) ^ -(byte & 1), at + 2
    return _varint(value, at + 1)


def _double_branch(value: bytes, at: int) -> tuple[float, int]:
    if value[at] != _VALUE_BRANCH:
        _refuse_branch(value[at])
    return _unpack_double(value, at + 1)[0], at + 9


def _refuse_branch(index: int) -> NoReturn:
    raise InvalidRecord(Reason.TRUNCATED, f"clickstream: a union has index byte {index}; allowed: 0 or 2")
