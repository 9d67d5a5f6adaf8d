"""FULL_TRANSITIVE: today's schema reads what every kept version wrote, and every kept version what today's writes.

    python -m tideline.schemas.compat

Exits 1 and says why where that does not hold, or where a current schema is not the newest kept version.
"""

import sys
from collections.abc import Iterator
from typing import Any

from tideline.schemas.registry import Registry, shipped

_PROMOTIONS = {
    "int": {"long", "float", "double"},
    "long": {"float", "double"},
    "float": {"double"},
    "string": {"bytes"},
    "bytes": {"string"},
}
"""Writer type -> reader types that can hold it, besides itself (Avro specification, schema resolution)."""

Schema = Any
Names = dict[str, Schema]


def read_problems(reader: Schema, writer: Schema) -> list[str]:
    """Return why data of `writer` cannot always be read with `reader`: one line a problem, none if it can.

    Both are schemas as JSON values. Aliases are not followed: a renamed field is a removed and an added one.
    """
    comparison = _Comparison(_named_types(reader), _named_types(writer))
    return list(comparison.problems(reader, writer, ""))


def registry_problems(registry: Registry) -> list[str]:
    """Return every breach of FULL_TRANSITIVE in a registry, and every current schema that was not kept."""
    found: list[str] = []
    for name, current in registry.current.items():
        versions = registry.versions_of(name)
        if not versions:
            found.append(f"{name}: no kept version; add versions/{name}_v1.avsc and its id")
            continue
        if versions[-1].raw != current:
            found.append(f"{name}: differs from {name}_v{versions[-1].version}.avsc; keep it as the next version")
        for kept in versions:
            file = f"{name}_v{kept.version}"
            found += [f"{name}: today cannot read {file}: {line}" for line in read_problems(current, kept.raw)]
            found += [f"{name}: {file} cannot read today's: {line}" for line in read_problems(kept.raw, current)]
    gone = {kept.name for kept in registry.kept.values()} - set(registry.current)
    return found + [f"{name}: has kept versions and no {name}.avsc" for name in sorted(gone)]


class _Comparison:
    """Walks two schemas together; a pair of named types is entered once, so recursive types end."""

    def __init__(self, reader_names: Names, writer_names: Names) -> None:
        self._reader_names = reader_names
        self._writer_names = writer_names
        self._entered: set[tuple[str, str]] = set()

    def problems(self, reader: Schema, writer: Schema, at: str) -> Iterator[str]:
        reader, writer = _resolved(reader, self._reader_names), _resolved(writer, self._writer_names)
        if isinstance(writer, list):
            for branch in writer:
                yield from self.problems(reader, branch, at)
        elif isinstance(reader, list):
            if not any(self._fits(branch, writer, at) for branch in reader):
                yield f"{at or '(root)'}: {_kind(writer)} is in no branch of the reader's union"
        else:
            yield from self._single_problems(reader, writer, at)

    def _fits(self, reader: Schema, writer: Schema, at: str) -> bool:
        entered = set(self._entered)
        fits = not list(self.problems(reader, writer, at))
        self._entered = entered
        return fits

    def _single_problems(self, reader: Schema, writer: Schema, at: str) -> Iterator[str]:
        reader_kind, writer_kind = _kind(reader), _kind(writer)
        where = at or "(root)"
        if reader_kind != writer_kind:
            if reader_kind not in _PROMOTIONS.get(writer_kind, ()):
                yield f"{where}: {writer_kind} cannot be read as {reader_kind}"
        elif reader_kind == "array":
            yield from self.problems(reader["items"], writer["items"], f"{at}[]")
        elif reader_kind == "map":
            yield from self.problems(reader["values"], writer["values"], f"{at}{{}}")
        elif reader_kind in ("record", "enum", "fixed"):
            if _short_name(reader) != _short_name(writer):
                yield f"{where}: {_short_name(writer)} cannot be read as {_short_name(reader)}, another name"
            elif reader_kind == "enum":
                yield from _enum_problems(reader, writer, where)
            elif reader_kind == "record":
                yield from self._record_problems(reader, writer, at)
            elif reader["size"] != writer["size"]:
                yield f"{where}: fixed of {writer['size']} bytes cannot be read as {reader['size']} bytes"

    def _record_problems(self, reader: Schema, writer: Schema, at: str) -> Iterator[str]:
        pair = (_short_name(reader), _short_name(writer))
        if pair in self._entered:
            return
        self._entered.add(pair)
        written = {field["name"]: field for field in writer["fields"]}
        for field in reader["fields"]:
            name = f"{at}.{field['name']}" if at else field["name"]
            if field["name"] in written:
                yield from self.problems(field["type"], written[field["name"]]["type"], name)
            elif "default" not in field:
                yield f"{name}: the writer lacks it and the reader has no default"


def _enum_problems(reader: Schema, writer: Schema, where: str) -> Iterator[str]:
    unknown = sorted(set(writer["symbols"]) - set(reader["symbols"]))
    if unknown and "default" not in reader:
        yield f"{where}: the reader lacks {', '.join(unknown)} and has no default symbol"


def _kind(schema: Schema) -> str:
    return str(schema["type"] if isinstance(schema, dict) else schema)


def _short_name(schema: Schema) -> str:
    return str(schema["name"]).rpartition(".")[2]


def _resolved(schema: Schema, names: Names) -> Schema:
    return names.get(schema.rpartition(".")[2], schema) if isinstance(schema, str) else schema


def _named_types(schema: Schema) -> Names:
    names: Names = {}
    waiting = [schema]
    while waiting:
        part = waiting.pop()
        if isinstance(part, list):
            waiting += part
        elif isinstance(part, dict):
            if "name" in part:
                names[_short_name(part)] = part
            waiting += [field["type"] for field in part.get("fields", ())]
            waiting += [part[inner] for inner in ("items", "values") if inner in part]
    return names


def main() -> int:
    """Check the schemas of this package; return the exit status."""
    found = registry_problems(shipped())
    for line in found:
        print(line, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
