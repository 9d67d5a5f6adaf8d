"""The page of a report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from tideline.scripts.commands.report import main


def write(path: Path, names: dict[str, Any]) -> Path:
    parquet.write_table(pa.table(names), path)
    return path


def columns(count: int) -> dict[str, Any]:
    return {
        "decision_id": [f"{at % 7:016x}/1.{at}.1" for at in range(count)],
        "user": [f"{at % 7:016x}" for at in range(count)], "action": ["<a>", "b"] * (count // 2),
        "position": [0] * count, "ts_ms": list(range(count)), "policy": ["linucb"] * count,
        "encoder_version": [3] * count, "arm": [""] * count, "explored": [False] * count,
        "propensity": [0.98] * count, "eligible": [2] * count,
        "mean": pa.array([None] * count, pa.float64()), "click": [at % 2 for at in range(count)],
        "conversion": [0] * count, "revenue": [0.0] * count, "mature": [at < count // 2 for at in range(count)],
    }  # fmt: skip


def test_a_page_and_a_document_come_out_of_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Contract: names from outside are escaped; immature impressions count in one rate and not in the other."""
    log_file = write(tmp_path / "log.parquet", columns(40))
    assert main(["--log", str(log_file), "--html", str(tmp_path / "r.html"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["by"]["activity"]["b"]["ctr"], found["by"]["policy"]["linucb"]["mature_share"]) == (1.0, 0.5)
    assert [found["by"]["activity"][name]["immature"] for name in ("<a>", "b")] == [10, 10]
    text = (tmp_path / "r.html").read_text()
    assert "&lt;a&gt;" in text
    assert "alarm above 4" in text
    assert "Too few clicks to tell whether people go on" in text
    assert "<a>" not in text
