"""JSON as people write it in files: one object, an array of them, or one after the other, each with its lines."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from tideline.schemas.errors import TidelineError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],]|[^\s"{}\[\],:]+')
_SPACE = re.compile(r"\s*")


class Authored(NamedTuple):
    """One object of a file."""

    line: int
    value: dict[str, Any]
    lines: Mapping[str, int]
    """Of each key and entry, by its path: `rule.all[0].events`."""
    twice: tuple[str, ...]
    """Paths of keys that stand twice in their object."""

    def line_of(self, path: str) -> int:
        """Return the line of a path, or of the nearest thing around it that is written."""
        while path and path not in self.lines:
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
        return self.lines.get(path, self.line)


class BadText(TidelineError):
    """A file is no JSON from a line on."""

    def __init__(self, line: int, what: str) -> None:
        super().__init__(f"line {line}: {what}", line, what)
        self.line = line
        self.what = what


def read_objects(text: str) -> Iterator[Authored]:
    """Yield the objects of a file.

    Raises:
        BadText: it is no JSON, or holds something else than objects.

    >>> [(each.line, each.line_of("b")) for each in read_objects('{"a": 1}\\n{"a": 2,\\n "b": 3}')]
    [(1, 1), (2, 3)]
    """
    lines = [match.start() for match in re.finditer("\n", text)]
    at, end = _after_space(text, 0), len(text.rstrip())
    in_array = text.startswith("[", at)
    if in_array:
        at = _goes_on(text, at + 1, lines)
        if text.startswith("]", at):
            at = _closed(text, at, lines)
    while at < end:
        value, after = _value(text, at, lines)
        if not isinstance(value, dict):
            raise BadText(_line(lines, at), f"{text[at:after][:80]} is no activity; allowed: objects, {{...}}")
        yield _authored(text, at, after, value, lines)
        at = _after_space(text, after)
        if in_array:
            at = _next_in_array(text, at, lines)


def _next_in_array(text: str, at: int, lines: list[int]) -> int:
    if text.startswith("]", at):
        return _closed(text, at, lines)
    if not text.startswith(",", at):
        raise BadText(_line(lines, at), "the array goes on without a comma, or is not closed")
    return _goes_on(text, at + 1, lines)


def _goes_on(text: str, at: int, lines: list[int]) -> int:
    after = _after_space(text, at)
    if after == len(text):
        raise BadText(_line(lines, at), "the array is not closed")
    return after


def _closed(text: str, at: int, lines: list[int]) -> int:
    after = _after_space(text, at + 1)
    if after < len(text):
        raise BadText(_line(lines, after), "something follows the array")
    return after


def _value(text: str, at: int, lines: list[int]) -> tuple[Any, int]:
    try:
        return json.JSONDecoder(parse_constant=_no_number).raw_decode(text, at)
    except json.JSONDecodeError as error:
        raise BadText(error.lineno, f"no JSON: {error.msg} (column {error.colno})") from error
    except ValueError as error:
        raise BadText(_line(lines, at), f"no JSON: {error}") from error
    except RecursionError as error:
        raise BadText(_line(lines, at), "arrays or objects are nested too deep") from error


def _no_number(literal: str) -> NoReturn:
    raise ValueError(f"{literal} is no number")


def _after_space(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


def _line(lines: list[int], at: int) -> int:
    return bisect_right(lines, at - 1) + 1


class _Open:
    """An object or array that is being read."""

    def __init__(self, path: str, *, is_array: bool) -> None:
        self.path, self.at, self.is_array, self.key_next = path, 0, is_array, not is_array
        self.keys: set[str] = set()

    def entry(self) -> str:
        """Return the path of the entry of an array that is next."""
        return f"{self.path}[{self.at}]"


def _authored(text: str, start: int, end: int, value: dict[str, Any], lines: list[int]) -> Authored:
    """Walk the tokens of a text that is known to be an object."""
    found: dict[str, int] = {}
    twice: list[str] = []
    opened: list[_Open] = []
    here = ""
    for match in _TOKEN.finditer(text, start, end):
        part, line = match[0], _line(lines, match.start())
        inside = opened[-1] if opened else _Open("", is_array=True)
        if part in "}]":
            opened.pop()
        elif part == ",":
            inside.at, inside.key_next = inside.at + 1, not inside.is_array
            here = inside.entry() if inside.is_array else here
        elif inside.key_next:
            key = json.loads(part)
            here, inside.key_next = f"{inside.path}.{key}".removeprefix("."), False
            if key in inside.keys:
                twice.append(here)
            inside.keys.add(key)
            found[here] = line
        else:
            found.setdefault(here, line)
            if part in "{[":
                opened.append(_Open(here, is_array=part == "["))
                here = opened[-1].entry() if part == "[" else here
    return Authored(_line(lines, start), value, found, tuple(twice))
