"""Kafka bytes <-> `Event`: the only door of the clickstream, for Avro and for JSON.

Hot path. Decoding one valid event in one thread takes, best of 9 rounds: Avro 1.7 us (view), 3.1 us (click with token);
JSON 2.8 us and 3.0 us. Encoding takes 7 us to Avro and 1.7 us to JSON.
"""

import json
import math
from itertools import product
from operator import itemgetter
from typing import Any, NoReturn

import orjson

from tideline.schemas.clickstream_reader import read_clickstream, read_plain, type_at_a_glance
from tideline.schemas.errors import InvalidRecord, Reason
from tideline.schemas.events import FIRST_ACTIVITY_TYPE, TYPE_NAMES, Event, EventType
from tideline.schemas.fields import EARLIEST_MS, LATEST_MS, MAX_AMOUNT, MAX_TEXT_CHARS
from tideline.schemas.records import HEADER_BYTES, MAX_VALUE_BYTES, RecordCodec, size_error, wire_header
from tideline.schemas.registry import shipped

MAX_TOKEN_CHARS = 512
MAX_AHEAD_MS = 300_000
MAX_POSITION = 99
MAX_QUANTITY = 2**31 - 1
_NANOSECONDS = 10**17

_CLICKSTREAM = RecordCodec(shipped(), "clickstream")
_BY_HAND = frozenset(
    wire_header(each.schema_id) for each in shipped().versions_of("clickstream") if each.version in (1, 2, 3)
)
"""Versions that lay a body out alike: what producers of a former one send is read as fast."""
_OPENING_BRACE = ord("{")
_NUMBER_OF_TYPE: dict[object, int] = {name: number for number, name in enumerate(TYPE_NAMES)}

_OPTIONAL_FIELDS = dict(Event._field_defaults)
_OPTIONAL_TEXTS = ("item_id", "category", "activity_id", "token")
"""One of no characters is missing."""
_values_in_order = itemgetter(*Event._fields)
_TYPES_OF_FIELD: dict[str, tuple[type, ...]] = {
    "event_id": (str,),
    "user_id": (str,),
    "type": (str,),
    "ts_ms": (int,),
    "item_id": (str, type(None)),
    "category": (str, type(None)),
    "price": (float, int, type(None)),
    "quantity": (int, type(None)),
    "activity_id": (str, type(None)),
    "token": (str, type(None)),
    "position": (int, type(None)),
    "value": (float, int, type(None)),
}
# All 576 allowed combinations: the types of a whole JSON event are then checked by one look-up.
_JSON_SIGNATURES = frozenset(product(*_TYPES_OF_FIELD.values()))


def decode_event(key: bytes | None, value: bytes | None, record_ts_ms: int) -> Event:
    """Return the event of a clickstream record, validated.

    `record_ts_ms` is the record's Kafka timestamp. Raises InvalidRecord with the reason; nothing else, for any bytes.

    >>> record = b'{"event_id":"e1","user_id":"u1","type":"view","ts_ms":1700000000000,"item_id":"milk"}'
    >>> event = decode_event(b"u1", record, 1700000000000)
    >>> event.item_id, event.ts_ms
    ('milk', 1700000000000)
    """
    if not value or len(value) > MAX_VALUE_BYTES:
        raise size_error(value)
    if not key:
        raise InvalidRecord(Reason.MISSING_KEY, "the key must be the user_id as UTF-8")
    if value[:HEADER_BYTES] in _BY_HAND:
        plain = read_plain(value, HEADER_BYTES, key, record_ts_ms + MAX_AHEAD_MS)
        if plain is not None:
            return plain
        event = read_clickstream(value, HEADER_BYTES)
    elif value[0] == _OPENING_BRACE:
        event = _from_json(value)
    else:
        event = _from_record(_CLICKSTREAM.decode(value))
    _check(event, key, record_ts_ms)
    return event


def type_of_record(value: bytes | None) -> int | None:
    """Return the type that `decode_event` finds in a value, unless it refuses it; None where that is not plain to see.

    For readers that want some types alone.
    """
    return type_at_a_glance(value, HEADER_BYTES) if value is not None and value[:HEADER_BYTES] in _BY_HAND else None


def encode_event(event: Event, as_json: bool = False) -> bytes:
    """Return the wire bytes of an event: Avro with the newest schema id, or a JSON object without the null fields."""
    record = event._asdict()
    record["type"] = TYPE_NAMES[event.type]
    if as_json:
        return orjson.dumps({name: field for name, field in record.items() if field is not None})
    return _CLICKSTREAM.encode(record)


def _from_record(record: dict[str, object]) -> Event:
    record["type"] = _number_of(record["type"])
    for name in _OPTIONAL_TEXTS:
        record[name] = record[name] or None
    return Event._make(_values_in_order(record))


def _from_json(value: bytes) -> Event:
    try:
        row = _values_in_order(_OPTIONAL_FIELDS | orjson.loads(value))
    except orjson.JSONDecodeError as error:
        raise _json_error(value, error) from error
    except KeyError as error:
        raise InvalidRecord(Reason.WRONG_SHAPE, f"{error.args[0]} is missing") from error
    if tuple(map(type, row)) not in _JSON_SIGNATURES:
        row = _without_blanks(row)
    event_id, user_id, name, ts_ms, item_id, category, price, quantity, activity_id, token, position, amount = row
    kind = _number_of(name)
    if price is not None:
        price = float(price)
    if amount is not None:
        amount = float(amount)
    about, thing = (item_id or None, category or None), (activity_id or None, token or None)
    return Event(event_id, user_id, kind, ts_ms, *about, price, quantity, *thing, position, amount)


def _number_of(name: Any) -> int:
    number = _NUMBER_OF_TYPE.get(name)
    if number is None:
        raise InvalidRecord(Reason.UNKNOWN_TYPE, f"type={name[:MAX_TEXT_CHARS]!r}; allowed: {', '.join(TYPE_NAMES)}")
    return number


def _json_error(value: bytes, error: orjson.JSONDecodeError) -> InvalidRecord:
    # orjson does not say what kind of mistake it met; a second, slower parser tells them apart.
    try:
        record = json.loads(value.decode(), parse_constant=_finite, parse_float=_finite, parse_int=_finite)
        json.dumps(record, ensure_ascii=False).encode()
    except UnicodeDecodeError:
        return InvalidRecord(Reason.BAD_UTF8, "the JSON value is not UTF-8")
    except UnicodeEncodeError:
        return InvalidRecord(Reason.BAD_UTF8, "half a surrogate pair is no text")
    except InvalidRecord as not_finite:
        return not_finite
    except RecursionError:
        return InvalidRecord(Reason.BAD_FIELD, "arrays or objects are nested too deep")
    except ValueError:
        return InvalidRecord(Reason.BAD_JSON, str(error))
    return InvalidRecord(Reason.BAD_FIELD, f"well-formed JSON, which is not read all the same: {error}")


def _finite(literal: str) -> float:
    number = float(literal)
    if not math.isfinite(number):
        raise InvalidRecord(Reason.NOT_FINITE, f"{literal[:MAX_TEXT_CHARS]} is not a finite number")
    return number


def _without_blanks(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return a row whose empty optional fields are missing: many trackers send "" for a number they do not have."""
    blank = (name in _OPTIONAL_FIELDS and field == "" for name, field in zip(_TYPES_OF_FIELD, row, strict=True))
    filled = tuple(None if is_blank else field for is_blank, field in zip(blank, row, strict=True))
    if tuple(map(type, filled)) not in _JSON_SIGNATURES:
        raise _type_error(filled)
    return filled


def _type_error(row: tuple[object, ...]) -> InvalidRecord:
    for (name, allowed), field in zip(_TYPES_OF_FIELD.items(), row, strict=True):
        if type(field) not in allowed:
            names = ", ".join(kind.__name__ for kind in allowed)
            return InvalidRecord(Reason.BAD_FIELD, f"{name} is {type(field).__name__}; allowed: {names}")
    raise AssertionError("every field of a refused row has an allowed type")


def _check(event: Event, key: bytes, record_ts_ms: int) -> None:
    event_id, user_id, kind, ts_ms, item_id, category, price, quantity, activity_id, token, position, amount = event
    if user_id.encode() != key:
        raise _key_error(key)
    if not 0 < len(event_id) <= MAX_TEXT_CHARS:
        _refuse_text("event_id", event_id)
    if not 0 < len(user_id) <= MAX_TEXT_CHARS:
        _refuse_text("user_id", user_id)
    if not EARLIEST_MS <= ts_ms <= LATEST_MS:
        raise _unit_error(ts_ms)
    if ts_ms > record_ts_ms + MAX_AHEAD_MS:
        raise InvalidRecord(Reason.FUTURE, f"ts_ms is {ts_ms - record_ts_ms} ms ahead; allowed: {MAX_AHEAD_MS}")
    if item_id is not None and not 0 < len(item_id) <= MAX_TEXT_CHARS:
        _refuse_text("item_id", item_id)
    if category is not None and not 0 < len(category) <= MAX_TEXT_CHARS:
        _refuse_text("category", category)
    if price is not None and not 0.0 <= price <= MAX_AMOUNT:
        _refuse_number("price", price, f"0..{MAX_AMOUNT:g}")
    if quantity is not None and not 0 <= quantity <= MAX_QUANTITY:
        _refuse("quantity", quantity, f"0..{MAX_QUANTITY}")
    if amount is not None and not -MAX_AMOUNT <= amount <= MAX_AMOUNT:
        _refuse_number("value", amount, f"-{MAX_AMOUNT:g}..{MAX_AMOUNT:g}")
    if activity_id is not None and not 0 < len(activity_id) <= MAX_TEXT_CHARS:
        _refuse_text("activity_id", activity_id)
    if token is not None and not 0 < len(token) <= MAX_TOKEN_CHARS:
        raise InvalidRecord(Reason.BAD_TOKEN, f"token has {len(token)} characters; allowed: 1..{MAX_TOKEN_CHARS}")
    if position is not None and not 0 <= position <= MAX_POSITION:
        _refuse("position", position, f"0..{MAX_POSITION}")
    if kind >= FIRST_ACTIVITY_TYPE:
        _check_activity_event(kind, activity_id, token, position)


def _check_activity_event(kind: int, activity_id: str | None, token: str | None, position: int | None) -> None:
    if kind >= EventType.ERASE:
        return
    if activity_id is None:
        raise InvalidRecord(Reason.BAD_FIELD, f"activity_id is missing; {TYPE_NAMES[kind]} is about an activity")
    if token is not None and position is None and kind != EventType.CONVERSION:
        raise InvalidRecord(Reason.BAD_FIELD, f"position is missing; {TYPE_NAMES[kind]} with a token needs it")


def _unit_error(ts_ms: int) -> InvalidRecord:
    allowed = f"allowed: {EARLIEST_MS}..{LATEST_MS}, milliseconds since 1970"
    if ts_ms <= 0:
        return InvalidRecord(Reason.BAD_FIELD, f"ts_ms={ts_ms}; {allowed}")
    unit = "nanoseconds" if ts_ms > _NANOSECONDS else "microseconds" if ts_ms > LATEST_MS else "seconds"
    return InvalidRecord(Reason.WRONG_UNIT, f"ts_ms={ts_ms} looks like {unit}; {allowed}")


def _key_error(key: bytes) -> InvalidRecord:
    try:
        key.decode()
    except UnicodeDecodeError:
        return InvalidRecord(Reason.BAD_UTF8, "the record key is not UTF-8")
    return InvalidRecord(Reason.KEY_MISMATCH, "the record key is not the user_id inside the value")


def _refuse_text(name: str, text: str) -> NoReturn:
    raise InvalidRecord(Reason.BAD_FIELD, f"{name} has {len(text)} characters; allowed: 1..{MAX_TEXT_CHARS}")


def _refuse_number(name: str, number: float, allowed: str) -> NoReturn:
    if not math.isfinite(number):
        raise InvalidRecord(Reason.NOT_FINITE, f"{name} is {number}")
    _refuse(name, number, allowed)


def _refuse(name: str, number: float, allowed: str) -> NoReturn:
    raise InvalidRecord(Reason.BAD_FIELD, f"{name}={number!r}; allowed: {allowed}")
