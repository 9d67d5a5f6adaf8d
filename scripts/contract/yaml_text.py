"""YAML of what JSON can hold: blocks for objects and lists, JSON for what is in them. Any reader of YAML reads both."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_PLAIN = re.compile(r"[A-Za-z_$][A-Za-z0-9_$.-]*")
_NO_TEXT = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}
"""What some readers take for something else than a text."""


def yaml_text(value: Any) -> str:
    """Return a value as YAML, its keys in their order, with an end of line.

    >>> print(yaml_text({"a": {"b c": [1, {"d": None, "e": []}]}, "on": "x"}), end="")
    a:
      "b c":
        - 1
        - d: null
          e: []
    "on": "x"
    """
    return "".join(f"{line}\n" for line in _lines(value))


def _lines(value: Any) -> Iterator[str]:
    if isinstance(value, dict) and value:
        for key, each in value.items():
            yield from _entry(f"{_key(key)}:", each)
    elif isinstance(value, list) and value:
        for each in value:
            first, *rest = _lines(each)
            yield f"- {first}"
            yield from (f"  {line}" for line in rest)
    else:
        yield json.dumps(value, ensure_ascii=False)


def _entry(head: str, value: Any) -> Iterator[str]:
    inside = list(_lines(value))
    if isinstance(value, dict | list) and value:
        yield head
        yield from (f"  {line}" for line in inside)
    else:
        yield f"{head} {inside[0]}"


def _key(name: str) -> str:
    plain = _PLAIN.fullmatch(name) and name.lower() not in _NO_TEXT
    return name if plain else json.dumps(name, ensure_ascii=False)
