"""What JSON an Avro schema allows: as JSON Schema, for those who write records as JSON objects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_SIMPLE = {
    "null": "null",
    "boolean": "boolean",
    "int": "integer",
    "long": "integer",
    "float": "number",
    "double": "number",
    "string": "string",
}


def json_form(avro: Any) -> dict[str, Any]:
    """Return the JSON Schema of the values of an Avro schema without bytes; a field with a default may be left out.

    >>> json_form(["null", "long"])
    {'type': ['null', 'integer']}
    >>> json_form({"type": "map", "values": "double"})
    {'type': 'object', 'additionalProperties': {'type': 'number'}}

    Raises:
        KeyError: it has bytes, or a type by the name of another.
    """
    if isinstance(avro, str):
        return {"type": _SIMPLE[avro]}
    if isinstance(avro, list):
        return _any_of([json_form(each) for each in avro])
    kind = avro["type"]
    if kind == "record":
        return _record(avro)
    if kind == "enum":
        return {"type": "string", "enum": list(avro["symbols"])}
    if kind == "array":
        return {"type": "array", "items": json_form(avro["items"])}
    if kind == "map":
        return {"type": "object", "additionalProperties": json_form(avro["values"])}
    return json_form(kind)


def _any_of(forms: list[dict[str, Any]]) -> dict[str, Any]:
    if all(form.keys() == {"type"} for form in forms):
        return {"type": [form["type"] for form in forms]}
    return {"anyOf": forms}


def _record(avro: Mapping[str, Any]) -> dict[str, Any]:
    form: dict[str, Any] = {"type": "object"}
    if "doc" in avro:
        form["description"] = avro["doc"]
    form["required"] = [each["name"] for each in avro["fields"] if "default" not in each]
    form["properties"] = {each["name"]: _field(each) for each in avro["fields"]}
    return form


def _field(field: Mapping[str, Any]) -> dict[str, Any]:
    form = json_form(field["type"])
    if "doc" in field:
        form["description"] = field["doc"]
    if "default" in field:
        form["default"] = field["default"]
    return form
