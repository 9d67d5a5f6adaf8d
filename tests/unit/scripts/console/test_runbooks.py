"""Contract: what Health links is a heading of docs/runbooks.md, and its text can be read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.doc_pages import ROOT
from tideline.schemas.errors import ConfigError
from tideline.scripts.console import health_items, runbooks
from tideline.scripts.console.runbooks import runbook

_LINKED = sorted(set(re.findall(r'"(Tideline\w+)"', Path(health_items.__file__).read_text())))


def test_there_are_some() -> None:
    assert len(_LINKED) > 10


@pytest.mark.parametrize("name", _LINKED)
def test_what_is_linked_is_there(name: str) -> None:
    text = runbook(name)
    assert f"## {name}" in (ROOT / "docs" / "runbooks.md").read_text()
    assert "- Do:" in text
    assert "](" not in text


def test_another_name_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match="a heading of"):
        runbook("../../etc/passwd")
    runbooks._headings.cache_clear()
    monkeypatch.setattr(runbooks, "PAGE", Path("/absent"))
    with pytest.raises(ConfigError, match="of the sources"):
        runbook("TidelineNoJob")
    runbooks._headings.cache_clear()
