"""Records of a topic as columns hold what the reader of single records finds."""

from __future__ import annotations

import random
from io import SEEK_END, BytesIO
from typing import TYPE_CHECKING, Any

import fastavro
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.schemas.test_decision_writer import DECISIONS, of_a_default_list
from tideline.schemas.errors import InvalidRecord, Reason
from tideline.schemas.records import DECISION
from tideline.schemas.registry import shipped
from tideline.scripts.archive.avro_columns import columns_of

if TYPE_CHECKING:
    from collections.abc import Callable

_PLAIN: dict[str, Any] = {"position": 1, "shown_ms": 2, "generation": 3, "as_of_ms": 4, "seq": 5, "encoder_version": 6}
_PLAIN |= {"policy_version": 7, "eligible": 8, "explored": True, "x": b"x" * 16, "policy": "ucb"}


def _record(name: str, **more: Any) -> dict[str, Any]:
    return {"user_id": name, "decision_id": "1.2.3", "activity_id": f"of {name}", **_PLAIN, **more}


def _single(values: list[bytes]) -> list[dict[str, Any]]:
    arrays = {"slate", "constraints"}
    return [{name: found for name, found in DECISION.decode(each).items() if name not in arrays} for each in values]


@settings(deadline=None)
@given(st.lists(DECISIONS, max_size=30))
def test_columns_hold_what_single_records_do(records: list[dict[str, Any]]) -> None:
    """Contract: for every field but arrays, whatever stands in it, of both versions that are written, in order."""
    values = [DECISION.encode(each) if at % 3 else of_a_default_list(each) for at, each in enumerate(records)]
    assert columns_of(DECISION, values).to_pylist() == _single(values)


def test_every_kept_version_is_read(written_by_all: list[bytes]) -> None:
    """Contract: what the writer did not know has its default."""
    assert columns_of(DECISION, written_by_all).to_pylist() == _single(written_by_all)


@pytest.fixture
def written_by_all() -> list[bytes]:
    """A record by each version, three times over."""
    values = []
    for kept in shipped().versions_of("decision") * 3:
        names = {field["name"] for field in kept.raw["fields"]}
        record = {name: each for name, each in _record("u", variant="v", pair=9).items() if name in names}
        values.append(_written(kept, record))
    return values


def _written(kept: Any, record: dict[str, Any]) -> bytes:
    out = BytesIO(b"\0" + kept.schema_id.to_bytes(4, "big"))
    out.seek(0, SEEK_END)
    fastavro.schemaless_writer(out, kept.parsed, record)
    return out.getvalue()


def _told(read: Callable[[list[bytes]], list[dict[str, Any]]], values: list[bytes]) -> str:
    """Return what is read, as text for the sake of nan, or why it is refused."""
    try:
        return str(read(values))
    except InvalidRecord as error:
        return f"refused: {error.reason}"


def test_damaged_records_are_refused_as_the_single_reader_refuses_them() -> None:
    """Contract: 1,000 records with bytes changed, cut or added: the same values or the same refusal, each beside
    neighbours that stay what they are."""
    dice = random.Random(6)
    whole = DECISION.encode(_record("neighbour"))
    refused = 0
    for _ in range(1000):
        value = bytearray(DECISION.encode(_record("u" * dice.randrange(90), slate=["a", None, "b"], feasible=3)))
        at = dice.randrange(len(value))
        action = dice.randrange(3)
        value[at : at + 1] = (bytes([dice.randrange(256)]), b"", b"\xff" * dice.randrange(12))[action]
        values = [whole, bytes(value[: at + 1] if dice.random() < 0.2 else value), whole]
        wanted, found = _told(_single, values), _told(lambda each: columns_of(DECISION, each).to_pylist(), values)
        assert found == wanted
        refused += not wanted.startswith("[")
    assert 100 < refused < 970


def test_no_records_are_an_empty_table_with_all_columns() -> None:
    table = columns_of(DECISION, [])
    assert (table.num_rows, table.schema) == (0, columns_of(DECISION, [DECISION.encode(_record("u"))]).schema)


def test_what_is_no_record_at_all_is_refused() -> None:
    for value, reason in ((b"", Reason.EMPTY), (b"{}", Reason.BAD_MAGIC), (b"\0" * 70_000, Reason.TOO_LARGE)):
        with pytest.raises(InvalidRecord) as found:
            columns_of(DECISION, [DECISION.encode(_record("u")), value])
        assert found.value.reason is reason
