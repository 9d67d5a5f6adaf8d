import copy
import dataclasses
from io import BytesIO
from typing import Any

import fastavro
import pytest

from tideline.schemas import compat
from tideline.schemas.compat import read_problems, registry_problems
from tideline.schemas.registry import Registry, shipped


def _record(*fields: dict[str, Any]) -> dict[str, Any]:
    return {"type": "record", "name": "R", "fields": list(fields)}


def _field(type_: Any) -> dict[str, Any]:
    return _record({"name": "a", "type": type_})


_NEWEST = shipped().newest("clickstream").version
_AB = {"type": "enum", "name": "E", "symbols": ["a", "b"]}
_ABC = {"type": "enum", "name": "E", "symbols": ["a", "b", "c"]}
_ABC_DEFAULT = {**_ABC, "default": "a"}
_AB_DEFAULT = {**_AB, "default": "a"}
_OPTIONAL = {"name": "b", "type": ["null", "long"], "default": None}
_REQUIRED = {"name": "b", "type": "long"}
_TREE = _record({"name": "next", "type": ["null", "R"], "default": None})
_QUALIFIED_TREE = {**_record({"name": "next", "type": ["null", "x.R"], "default": None}), "namespace": "x"}


@pytest.mark.parametrize(
    ("reader", "writer"),
    [
        (_field("long"), _field("int")),
        (_field("double"), _field("long")),
        (_field("double"), _field("float")),
        (_field("bytes"), _field("string")),
        (_field(["null", "string"]), _field("string")),
        (_field(["null", "double"]), _field(["null", "int"])),
        (_field({"type": "array", "items": "long"}), _field({"type": "array", "items": "int"})),
        (_field({"type": "string"}), _field("string")),
        (_field(_ABC), _field(_AB)),
        (_field(_AB_DEFAULT), _field(_ABC)),
        (_record(_OPTIONAL), _record()),
        (_record(), _record(_REQUIRED)),
        (_TREE, _TREE),
        (_QUALIFIED_TREE, _TREE),
    ],
)
def test_a_change_the_avro_specification_resolves_is_no_problem(reader: Any, writer: Any) -> None:
    assert read_problems(reader, writer) == []


@pytest.mark.parametrize(
    ("reader", "writer", "why"),
    [
        (_field("int"), _field("long"), "a: long cannot be read as int"),
        (_field("float"), _field("double"), "a: double cannot be read as float"),
        (_field("string"), _field("long"), "a: long cannot be read as string"),
        (_field("string"), _field(["null", "string"]), "a: null cannot be read as string"),
        (_field(["null", "string"]), _field(["null", "string", "long"]), "a: long is in no branch"),
        (_field({"type": "map", "values": "int"}), _field({"type": "map", "values": "long"}), "a{}: long cannot"),
        (_field({"type": "array", "items": "int"}), _field({"type": "array", "items": "long"}), "a[]: long cannot"),
        (_field(_AB), _field(_ABC), "a: the reader lacks c and has no default symbol"),
        (_field({**_AB, "name": "F"}), _field(_AB), "a: E cannot be read as F"),
        (_record(_REQUIRED), _record(), "b: the writer lacks it and the reader has no default"),
        (
            _field({"type": "fixed", "name": "F", "size": 4}),
            _field({"type": "fixed", "name": "F", "size": 8}),
            "a: fixed of 8 bytes",
        ),
    ],
)
def test_a_change_that_loses_data_is_refused_with_its_place(reader: Any, writer: Any, why: str) -> None:
    """Contract: each rule of Avro's schema resolution that can fail is checked."""
    problems = read_problems(reader, writer)
    assert len(problems) == 1
    assert problems[0].startswith(why)


def _with_current(name: str, schema: dict[str, Any], keep_as: int | None) -> Registry:
    registry = shipped()
    kept = dict(registry.kept)
    if keep_as is not None:
        kept[99] = dataclasses.replace(registry.newest(name), schema_id=99, version=keep_as, raw=schema)
    return dataclasses.replace(registry, current={**registry.current, name: schema}, kept=kept)


def _clickstream(**changes: Any) -> dict[str, Any]:
    schema = copy.deepcopy(shipped().current["clickstream"])
    return {**schema, **changes}


def test_the_shipped_schemas_are_fully_compatible_with_every_kept_version() -> None:
    """Contract: FULL_TRANSITIVE holds for what is in the tree."""
    assert registry_problems(shipped()) == []


def test_a_new_optional_field_is_allowed_once_it_is_kept_as_a_version() -> None:
    schema = _clickstream(fields=[*shipped().current["clickstream"]["fields"], _OPTIONAL])
    assert registry_problems(_with_current("clickstream", schema, keep_as=_NEWEST + 1)) == []
    assert registry_problems(_with_current("clickstream", schema, keep_as=None)) == [
        f"clickstream: differs from clickstream_v{_NEWEST}.avsc; keep it as the next version"
    ]


def test_a_removed_required_field_is_refused_because_old_readers_need_it() -> None:
    """Contract: the check goes both ways, not only backwards."""
    fields = [field for field in shipped().current["clickstream"]["fields"] if field["name"] != "ts_ms"]
    problems = registry_problems(_with_current("clickstream", _clickstream(fields=fields), keep_as=_NEWEST + 1))
    why = "cannot read today's: ts_ms: the writer lacks it and the reader has no default"
    assert problems == [f"clickstream: clickstream_v{kept} {why}" for kept in range(1, _NEWEST + 1)]


def test_a_change_is_checked_against_all_kept_versions_not_only_the_last() -> None:
    """Contract: transitive; a replay reads what the first version wrote."""
    registry = shipped()
    newest = registry.newest("clickstream")
    second = _clickstream(fields=[*newest.raw["fields"], _OPTIONAL])
    third = _clickstream(fields=[*newest.raw["fields"], _REQUIRED])
    kept = {
        **registry.kept,
        98: dataclasses.replace(newest, schema_id=98, version=_NEWEST + 1, raw=second),
        99: dataclasses.replace(newest, schema_id=99, version=_NEWEST + 2, raw=third),
    }
    problems = registry_problems(Registry({**registry.current, "clickstream": third}, kept))
    assert any(line.startswith("clickstream: today cannot read clickstream_v1: b:") for line in problems)


def test_a_new_event_type_is_one_more_version_that_readers_of_the_first_can_read() -> None:
    """Contract: they see `unknown` in its place; so a type is added by a version and no field of its own."""
    first = shipped().versions_of("clickstream")[0]
    later = copy.deepcopy(first.raw)
    later["fields"][2]["type"]["symbols"].append("share")
    record = {"event_id": "e", "user_id": "u", "type": "share", "ts_ms": 1}
    data = BytesIO()
    fastavro.schemaless_writer(data, fastavro.parse_schema(later), record)
    data.seek(0)

    read: Any = fastavro.schemaless_reader(data, fastavro.parse_schema(later), first.parsed)

    assert read["type"] == "unknown"
    assert read_problems(first.raw, later) == read_problems(later, first.raw) == []


def test_a_schema_without_a_kept_version_and_a_version_without_a_schema_are_refused() -> None:
    registry = shipped()
    current = {name: schema for name, schema in registry.current.items() if name != "policy"}
    problems = registry_problems(Registry({**current, "novel": _record()}, registry.kept))
    assert problems == [
        "novel: no kept version; add versions/novel_v1.avsc and its id",
        "policy: has kept versions and no policy.avsc",
    ]


def test_the_command_exits_1_and_prints_the_reason(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert compat.main() == 0
    broken = _with_current("clickstream", _clickstream(fields=[]), keep_as=None)
    monkeypatch.setattr(compat, "shipped", lambda: broken)
    assert compat.main() == 1
    assert "clickstream: clickstream_v1 cannot read today's: ts_ms" in capsys.readouterr().err
