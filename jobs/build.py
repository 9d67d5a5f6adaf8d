"""Identity of the code that runs: the same on the client, on every worker and in every dead letter."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

_PACKAGES = ("jobs", "models", "schemas", "udfs")


@cache
def build_id() -> str:
    """Return 12 hexadecimal digits of the SHA-256 over the Python sources of the job's packages."""
    root = Path(__file__).parent.parent
    digest = hashlib.sha256()
    for package in _PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]
