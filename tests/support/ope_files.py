"""`tideline ope` on files: a uniform log of three actions, written and judged."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tideline.scripts.commands import ope

Captured = pytest.CaptureFixture[str]


def run(captured: Captured, *argv: str | Path) -> dict[str, Any]:
    status = ope.main([*map(str, argv), "--json"])
    found: dict[str, Any] = json.loads(captured.readouterr().out)
    assert status == (0 if found["refused"] is None else 3)
    return found


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def rows(count: int, **changes: Any) -> list[dict[str, Any]]:
    """Return rows of a uniform log of three actions."""
    random = np.random.default_rng(1)
    return [
        {"x_a": round(random.normal(), 3), "action": "abc"[at % 3], "propensity": 1 / 3, "reward": int(at % 7 == 0)}
        | changes
        for at in range(count)
    ]
