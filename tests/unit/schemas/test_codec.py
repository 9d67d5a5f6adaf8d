import json
import shutil
from io import BytesIO
from pathlib import Path
from typing import Any

import fastavro
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tideline.schemas import codec
from tideline.schemas.clickstream_reader import read_clickstream
from tideline.schemas.codec import decode_event, encode_event
from tideline.schemas.errors import InvalidRecord, Reason
from tideline.schemas.events import TYPE_NAMES, WIRE_SYMBOLS, Event, EventType
from tideline.schemas.records import HEADER_BYTES, RecordCodec
from tideline.schemas.registry import SCHEMAS_PATH, load, shipped

_NOW_MS = 1_700_000_000_000
_GOLDEN = Path(__file__).parents[2] / "golden" / "clickstream_v1.bin"
_GOLDEN_EVENT = Event(
    event_id="e-1",
    user_id="u-1",
    type=EventType.CLICK,
    ts_ms=_NOW_MS,
    item_id="i-4711",
    category="schuhe für alle",
    price=59.9,
    quantity=2,
    activity_id="coupon-18",
    token="AQEAAAGLz-VoACoBBwJ_fwAB",
    position=3,
    value=-12.5,
)

_text = st.text(st.characters(codec="utf-8"), min_size=1, max_size=256)
_amount = st.floats(0, 1e9)
events = st.builds(
    Event,
    event_id=_text,
    user_id=_text,
    type=st.integers(0, len(EventType) - 1),
    ts_ms=st.integers(10**11, _NOW_MS + 300_000),
    item_id=st.none() | _text,
    category=st.none() | _text,
    price=st.none() | _amount,
    quantity=st.none() | st.integers(0, 2**31 - 1),
    activity_id=_text,
    token=st.none() | st.text("ab-_", min_size=1, max_size=512),
    position=st.integers(0, 99),
    value=st.none() | _amount,
)


@given(events, st.booleans())
@settings(deadline=None)
def test_an_encoded_event_decodes_to_itself(event: Event, as_json: bool) -> None:
    """Contract: what a producer of ours writes, the job reads, field by field, in both forms."""
    decoded = decode_event(event.user_id.encode(), encode_event(event, as_json), _NOW_MS)
    assert decoded == event
    assert list(map(type, decoded)) == list(map(type, event))


@given(events, st.sets(st.sampled_from(Event._fields[4:])))
@settings(deadline=None)
def test_the_hand_written_reader_agrees_with_fastavro(event: Event, nulls: set[str]) -> None:
    """Contract: the fast reader is the Avro specification, for every mix of null and given fields."""
    value = encode_event(Event(**{**event._asdict(), **dict.fromkeys(nulls)}))
    record: Any = fastavro.schemaless_reader(
        BytesIO(value[HEADER_BYTES:]), shipped().newest("clickstream").parsed, None
    )
    record["type"] = TYPE_NAMES.index(record["type"])
    assert read_clickstream(value, HEADER_BYTES) == Event(**record)


def test_bytes_written_by_version_1_are_read_today() -> None:
    """Contract: version 1 of the clickstream stays readable; Kafka keeps what was written with it."""
    assert decode_event(b"u-1", _GOLDEN.read_bytes(), _NOW_MS) == _GOLDEN_EVENT


def test_the_field_order_of_the_event_is_that_of_the_schema() -> None:
    fields = shipped().current["clickstream"]["fields"]
    assert tuple(field["name"] for field in fields) == Event._fields
    assert tuple(fields[2]["type"]["symbols"]) == WIRE_SYMBOLS


def test_whole_numbers_are_accepted_as_amounts_in_json() -> None:
    """Contract: JavaScript writes 60 for 60.0."""
    value = json.dumps({"event_id": "e", "user_id": "u", "type": "view", "ts_ms": _NOW_MS, "price": 60}).encode()
    price = decode_event(b"u", value, _NOW_MS).price
    assert (price, type(price)) == (60.0, float)


def test_unknown_fields_of_json_events_are_ignored() -> None:
    """Contract: a producer may add fields before the job knows them."""
    value = json.dumps({"event_id": "e", "user_id": "u", "type": "view", "ts_ms": _NOW_MS, "page": {"n": [1]}}).encode()
    assert decode_event(b"u", value, _NOW_MS) == Event("e", "u", EventType.VIEW, _NOW_MS)


def test_a_value_over_the_limit_is_refused_before_it_is_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Contract: nothing parses a value that could hurt the worker by its size alone."""
    monkeypatch.setattr(codec, "_from_json", lambda value: pytest.fail("it was parsed"))
    with pytest.raises(InvalidRecord) as caught:
        decode_event(b"u", b"{" * 65_537, _NOW_MS)
    assert caught.value.reason is Reason.TOO_LARGE


@pytest.fixture
def next_version(tmp_path: Path) -> RecordCodec:
    """The clickstream one version ahead: `page` was added, and it is id 40."""
    folder = tmp_path / "schemas"
    shutil.copytree(SCHEMAS_PATH, folder, ignore=shutil.ignore_patterns("*.py", "__pycache__", "examples"))
    raw = json.loads((folder / "clickstream.avsc").read_bytes())
    file = f"clickstream_v{shipped().newest('clickstream').version + 1}.avsc"
    raw["fields"].insert(4, {"name": "page", "type": ["null", "string"], "default": None})
    for path in (folder / "clickstream.avsc", folder / "versions" / file):
        path.write_text(json.dumps(raw))
    ids = json.loads((folder / "versions" / "ids.json").read_bytes())
    (folder / "versions" / "ids.json").write_text(json.dumps({**ids, "40": file}))
    return RecordCodec(load(folder), "clickstream")


def test_events_of_an_older_version_are_read_with_the_defaults_of_the_newest(next_version: RecordCodec) -> None:
    """Contract: after a schema change, records of the old version still in Kafka are applied."""
    record = next_version.decode(_GOLDEN.read_bytes())
    assert record.pop("page") is None
    assert record == {**_GOLDEN_EVENT._asdict(), "type": "click"}


def test_a_type_that_no_version_has_is_refused_by_every_reader(
    next_version: RecordCodec, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Contract: `unknown` is what a reader makes of a later version's type; written, it is refused as such."""
    newest = next_version.encode({**_GOLDEN_EVENT._asdict(), "type": "unknown", "page": None})
    for value in (codec._CLICKSTREAM.encode({**_GOLDEN_EVENT._asdict(), "type": "unknown"}), newest):
        with pytest.raises(InvalidRecord) as caught:
            decode_event(b"u-1", value, _NOW_MS)
        assert caught.value.reason is Reason.UNKNOWN_TYPE
        monkeypatch.setattr(codec, "_CLICKSTREAM", next_version)


def test_the_codec_reads_events_of_every_kept_version(
    next_version: RecordCodec, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Contract: a version without a hand-written reader goes through fastavro and the same validation."""
    monkeypatch.setattr(codec, "_CLICKSTREAM", next_version)
    value = next_version.encode({**_GOLDEN_EVENT._asdict(), "type": "click", "page": "home"})
    assert value[:HEADER_BYTES] == b"\x00\x00\x00\x00\x28"
    assert decode_event(b"u-1", value, _NOW_MS) == _GOLDEN_EVENT
    with pytest.raises(InvalidRecord) as caught:
        decode_event(b"u-2", value, _NOW_MS)
    assert caught.value.reason is Reason.KEY_MISMATCH


@pytest.mark.parametrize(
    ("ts_ms", "unit"),
    [
        (1_700_000_000, "seconds"),
        (99_999_999_999, "seconds"),
        (1_700_000_000_000_000, "microseconds"),
        (1_700_000_000_000_000_000, "nanoseconds"),
    ],
)
@pytest.mark.parametrize("as_json", [True, False])
def test_seconds_for_milliseconds_are_refused_as_what_they_are(ts_ms: int, unit: str, as_json: bool) -> None:
    """Contract: whatever the Kafka timestamp says; the reason is `wrong_unit`, its detail names the unit."""
    value = encode_event(Event("e", "u", EventType.VIEW, ts_ms), as_json)
    for record_ts_ms in (0, _NOW_MS, 2**62):
        with pytest.raises(InvalidRecord, match=f"looks like {unit}") as caught:
            decode_event(b"u", value, record_ts_ms)
        assert caught.value.reason is Reason.WRONG_UNIT


@pytest.mark.parametrize("as_json", [True, False])
def test_empty_optional_texts_are_missing(as_json: bool) -> None:
    """Contract: trackers send "" for what they do not have; it is read as null."""
    event = Event("e", "u", EventType.PURCHASE, _NOW_MS, item_id="", category="", price=2.5, activity_id="", token="")
    expected = event._replace(item_id=None, category=None, activity_id=None, token=None)
    assert decode_event(b"u", encode_event(event, as_json), _NOW_MS) == expected


def test_empty_texts_for_numbers_are_missing_and_a_name_never_is() -> None:
    """Contract: of JSON `"price": ""` too; event_id, user_id and type may not be empty."""
    record = {"event_id": "e", "user_id": "u", "type": "view", "ts_ms": _NOW_MS}
    blank = dict.fromkeys(("item_id", "category", "price", "quantity", "position", "value"), "")
    assert decode_event(b"u", json.dumps(record | blank).encode(), _NOW_MS) == Event("e", "u", 0, _NOW_MS)
    for name in record:
        with pytest.raises(InvalidRecord):
            decode_event(b"u", json.dumps(record | blank | {name: ""}).encode(), _NOW_MS)


@pytest.mark.parametrize(
    ("field", "reason"),
    [
        (r'"\ud800"', Reason.BAD_UTF8),
        (r'"\udc00 and more"', Reason.BAD_UTF8),
        ("[" * 2_000 + "]" * 2_000, Reason.BAD_FIELD),
        ("9" * 5_000, Reason.NOT_FINITE),
        ("1e999", Reason.NOT_FINITE),
        ("Infinity", Reason.NOT_FINITE),
        ("1.", Reason.BAD_JSON),
        ('"open', Reason.BAD_JSON),
    ],
)
def test_json_is_refused_for_what_is_wrong_with_it(field: str, reason: Reason) -> None:
    """Contract: a visitor's text or number is never taken for a producer that writes no JSON."""
    value = f'{{"event_id":"e","user_id":"u","type":"view","ts_ms":{_NOW_MS},"category":{field}}}'.encode()
    with pytest.raises(InvalidRecord) as caught:
        decode_event(b"u", value, _NOW_MS)
    assert caught.value.reason is reason
