"""The Avro schemas: the current one of every record, and every version ever produced, by its global id."""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import fastavro
import orjson

SCHEMAS_PATH = Path(__file__).resolve().parent
_VERSION_FILE = re.compile(r"(?P<name>[a-z_]+)_v(?P<version>[1-9][0-9]*)\.avsc")


@dataclass(frozen=True, slots=True)
class KeptVersion:
    """One published version of a record; `schema_id` is what its producers write after the magic byte."""

    schema_id: int
    name: str
    version: int
    raw: dict[str, Any]
    parsed: Any


@dataclass(frozen=True, slots=True)
class Registry:
    """Schemas of one folder: `current` (raw JSON) by record name, `kept` by schema id."""

    current: dict[str, dict[str, Any]]
    kept: dict[int, KeptVersion]

    def versions_of(self, name: str) -> list[KeptVersion]:
        """Return every kept version of a record, oldest first; empty for an unknown name."""
        return sorted((kept for kept in self.kept.values() if kept.name == name), key=lambda kept: kept.version)

    def newest(self, name: str) -> KeptVersion:
        """Return the version that is written today. Raises IndexError for an unknown name."""
        return self.versions_of(name)[-1]


def load(folder: Path) -> Registry:
    """Read `*.avsc`, `versions/*.avsc` and `versions/ids.json` of a folder.

    Raises ValueError where a kept file has no id, several ids or an unusable name.
    """
    current = {path.stem: orjson.loads(path.read_bytes()) for path in sorted(folder.glob("*.avsc"))}
    file_of_id: dict[str, str] = orjson.loads((folder / "versions" / "ids.json").read_bytes())
    files = sorted(path.name for path in (folder / "versions").glob("*.avsc"))
    if sorted(file_of_id.values()) != files:
        raise ValueError(f"versions/ids.json names {sorted(file_of_id.values())}; allowed: each of {files} once")
    kept = {int(schema_id): _kept(folder / "versions" / file, int(schema_id)) for schema_id, file in file_of_id.items()}
    return Registry(current, kept)


@cache
def shipped() -> Registry:
    """Return the schemas that come with this package, read once a process."""
    return load(SCHEMAS_PATH)


def _kept(path: Path, schema_id: int) -> KeptVersion:
    match = _VERSION_FILE.fullmatch(path.name)
    if match is None:
        raise ValueError(f"versions/{path.name}: allowed names are <record>_v<number>.avsc")
    raw = orjson.loads(path.read_bytes())
    return KeptVersion(schema_id, match["name"], int(match["version"]), raw, fastavro.parse_schema(raw))
