"""Headings of docs/runbooks.md, for who reads an alert."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from tideline.schemas.errors import ConfigError

PAGE = Path(__file__).resolve().parents[2] / "docs" / "runbooks.md"
_HEADING = re.compile(r"^## (\w+)\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")


def runbook(name: str) -> str:
    """Return the text under a heading, its links as their words.

    Raises:
        ConfigError: there is no such heading, or this is no checkout: the page is in no wheel.
    """
    found = _headings()
    if name not in found:
        where = "docs/runbooks.md of the sources has it" if not found else "a heading of docs/runbooks.md"
        raise ConfigError("alert", name, where)
    return found[name]


@cache
def _headings() -> dict[str, str]:
    try:
        text = PAGE.read_text()
    except OSError:
        return {}
    return {name: _LINK.sub(r"\1", body).strip() for name, body in _HEADING.findall(text)}
