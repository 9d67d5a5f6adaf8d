"""Decisions are written by hand as the general path writes them."""

from __future__ import annotations

from io import SEEK_END, BytesIO
from typing import Any

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tideline.schemas.decision_writer import encode_decision
from tideline.schemas.records import DECISION, wire_header
from tideline.schemas.registry import shipped

_OF_TYPE: dict[str, st.SearchStrategy[Any]] = {
    "string": st.text(max_size=300),
    "int": st.integers(0, 2**31 - 1),
    "long": st.integers(0, 2**63 - 1),
    "boolean": st.booleans(),
    "bytes": st.binary(max_size=80),
}


def of_type(schema: Any) -> st.SearchStrategy[Any]:
    """Return values of a field's type."""
    if isinstance(schema, dict):
        return st.lists(of_type(schema["items"]), max_size=12)
    if isinstance(schema, list):
        assert schema[0] == "null"
        return st.none() | (of_type(schema[1]) if schema[1] != "double" else st.floats(allow_nan=False))
    return _OF_TYPE[schema]


DECISIONS = st.fixed_dictionaries(
    {field["name"]: of_type(field["type"]) for field in shipped().newest("decision").raw["fields"]}
)


@given(DECISIONS)
def test_a_decision_written_by_hand_is_the_same_bytes(record: dict[str, Any]) -> None:
    """Contract: for every field of the newest version, whatever stands in it; of a default list, whose placement is
    no text, by version 5, which has all but that."""
    written = encode_decision(record)
    assert DECISION.decode(written) == record
    assert written == (DECISION.encode(record) if record["placement"] else of_a_default_list(record))


def of_a_default_list(record: dict[str, Any]) -> bytes:
    """Return a record as the general path writes it in version 5, which knows of no placement."""
    kept = shipped().versions_of("decision")[4]
    out = BytesIO(wire_header(kept.schema_id))
    out.seek(0, SEEK_END)
    fields = {name: value for name, value in record.items() if name != "placement"}
    fastavro.schemaless_writer(out, kept.parsed, fields, strict_allow_default=True)
    return out.getvalue()


def test_a_negative_number_is_refused() -> None:
    """Contract: no number of a decision can be negative; one that were would be written wrongly."""
    record = {field["name"]: "" for field in shipped().newest("decision").raw["fields"]} | {"position": -1}
    with pytest.raises(ValueError, match="-1: a decision holds no negative"):
        encode_decision(record)
