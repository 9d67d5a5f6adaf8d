import json
from pathlib import Path
from typing import Any

import pytest

from tideline.schemas.codec import decode_event, encode_event
from tideline.schemas.errors import InvalidRecord, Reason
from tideline.schemas.events import TYPE_NAMES, Event
from tideline.schemas.registry import SCHEMAS_PATH

_EXAMPLES = SCHEMAS_PATH / "examples"
_VALID = sorted((_EXAMPLES / "valid").glob("*.json"))
_INVALID = sorted((_EXAMPLES / "invalid").glob("*.json"))
_NOT_FROM_DECODING = {
    Reason.FOREIGN_TOKEN,
    Reason.LATE,
    Reason.DUPLICATE,
    Reason.ERASED,
    Reason.QUARANTINED,
    Reason.BAD_ACTIVITY,
    Reason.BAD_PROFILE,
    Reason.PUSH_FAILED,
    Reason.BAD_CONTROL,
}


def _key(example: dict[str, Any]) -> bytes | None:
    if "key_hex" in example:
        return bytes.fromhex(example["key_hex"])
    return None if example["key"] is None else str(example["key"]).encode()


def _value(example: dict[str, Any]) -> bytes | None:
    if "value_hex" in example:
        return None if example["value_hex"] is None else bytes.fromhex(example["value_hex"])
    text = example["value_text"] if "value_text" in example else json.dumps(example["value"])
    return str(text).encode().ljust(example.get("pad_to_bytes", 0))


@pytest.mark.parametrize("path", _VALID, ids=lambda path: path.stem)
def test_a_valid_example_means_the_same_as_json_and_as_avro(path: Path) -> None:
    """Contract: both forms of an event pass the same validation and give the same record."""
    example = json.loads(path.read_bytes())
    key, record_ts_ms = _key(example), example["record_ts_ms"]
    fields = {**example["value"], "type": TYPE_NAMES.index(example["value"]["type"])}
    event = decode_event(key, _value(example), record_ts_ms)
    assert event == Event(**fields)
    assert decode_event(key, encode_event(event), record_ts_ms) == event


@pytest.mark.parametrize("path", _INVALID, ids=lambda path: path.stem)
def test_an_invalid_example_is_refused_for_the_reason_it_names(path: Path) -> None:
    """Contract: every refusal carries its exact reason, and says in words what is wrong without the user id."""
    example = json.loads(path.read_bytes())
    with pytest.raises(InvalidRecord) as caught:
        decode_event(_key(example), _value(example), example["record_ts_ms"])
    assert caught.value.reason == Reason(example["reason"])
    assert caught.value.detail
    assert "u-1" not in caught.value.detail


def test_every_reason_that_decoding_can_give_has_an_example() -> None:
    """Contract: the examples are complete, so a producer can look each refusal up."""
    shown = {Reason(json.loads(path.read_bytes())["reason"]) for path in _INVALID}
    assert shown == set(Reason) - _NOT_FROM_DECODING


def test_every_event_type_has_a_valid_example() -> None:
    shown = {json.loads(path.read_bytes())["value"]["type"] for path in _VALID}
    assert shown == set(TYPE_NAMES)
