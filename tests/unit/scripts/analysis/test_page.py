"""The page of a report."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.exported import columns, write
from tideline.scripts.commands.report import main


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
