"""Identity of the code that runs: the same on the client, on every worker and in every dead letter."""

from __future__ import annotations

import hashlib
from pathlib import Path

_PACKAGES = ("jobs", "models", "schemas", "udfs")
_SOURCES = (".py", ".java", ".lua", ".avsc")


def _digest() -> str:
    root = Path(__file__).resolve().parents[2]
    digest = hashlib.sha256()
    for package in _PACKAGES:
        for path in sorted(each for each in (root / package).rglob("*") if each.suffix in _SOURCES):
            digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]


BUILD_ID = _digest()
"""12 hexadecimal digits of the SHA-256 over the packages' sources as they were when this was imported: Python, schemas,
and what Flink and Redis are given to run."""
