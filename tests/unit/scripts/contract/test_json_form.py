"""Contract: what an Avro schema allows as JSON, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from tests.support.doc_pages import ROOT
from tideline.schemas.topics import Topics
from tideline.scripts.contract.asyncapi import document
from tideline.scripts.contract.json_form import json_form

_EXAMPLES = ROOT / "schemas" / "examples"
_WRITTEN = [
    *(("clickstream", path) for path in sorted((_EXAMPLES / "valid").glob("*.json"))),
    *(("profile", path) for path in sorted((_EXAMPLES / "profiles" / "valid").glob("*.json"))),
]
_REFUSED = ["event_id_missing", "event_id_number", "price_text", "quantity_float", "ts_ms_missing", "type_unknown"]


def _payload(title: str) -> dict[str, Any]:
    found: dict[str, Any] = document(Topics(), "1")["components"]["messages"][title]["payload"]
    return found


def _value(path: Path) -> Any:
    return json.loads(path.read_text())["value"]


@pytest.mark.parametrize(("record", "path"), _WRITTEN, ids=lambda part: getattr(part, "stem", part))
def test_every_example_that_is_taken_fits(record: str, path: Path) -> None:
    Draft7Validator(_payload(f"{record.capitalize()}Json")).validate(_value(path))


@pytest.mark.parametrize("name", _REFUSED)
def test_an_example_whose_form_is_refused_does_not_fit(name: str) -> None:
    """Contract: a missing field, a field of another type, an unknown type of event. Ranges are the job's to check."""
    assert not Draft7Validator(_payload("ClickstreamJson")).is_valid(_value(_EXAMPLES / "invalid" / f"{name}.json"))


def test_a_field_with_a_default_may_be_left_out_and_keeps_its_doc() -> None:
    record = {
        "type": "record",
        "name": "Some",
        "fields": [
            {"name": "a", "type": "long", "doc": "First."},
            {"name": "b", "type": {"type": "enum", "name": "E", "symbols": ["x", "y"]}, "default": "x"},
            {"name": "c", "type": ["null", {"type": "array", "items": "string"}], "default": None},
        ],
    }
    assert json_form(record) == {
        "type": "object",
        "required": ["a"],
        "properties": {
            "a": {"type": "integer", "description": "First."},
            "b": {"type": "string", "enum": ["x", "y"], "default": "x"},
            "c": {"anyOf": [{"type": "null"}, {"type": "array", "items": {"type": "string"}}], "default": None},
        },
    }


def test_what_json_cannot_hold_is_no_form() -> None:
    with pytest.raises(KeyError, match="bytes"):
        json_form("bytes")
