"""The command that prints the options."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tideline.jobs.config import main

SECRET = "5e" * 32
KEYS = json.dumps({"1": SECRET})


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "manifest.json").write_text("{}")
    return {
        "TIDELINE_BOOTSTRAP": "broker:9092",
        "TIDELINE_REDIS_URL": "redis://:hidden@cache:6379/0",
        "TIDELINE_TOKEN_KEYS": KEYS,
        "TIDELINE_ENCODER": str(tmp_path),
    }


def test_the_command_prints_the_page_or_the_checked_options(
    environ: dict[str, str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["--markdown"]) == 0
    assert "### `policy_pin`" in capsys.readouterr().out
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert main(["--batch-ms", "50"]) == 0
    assert "batch_ms = 50" in capsys.readouterr().out
    assert main(["--batch-ms", "5"]) == 2
    assert "--batch-ms='5' cannot be used" in capsys.readouterr().err
