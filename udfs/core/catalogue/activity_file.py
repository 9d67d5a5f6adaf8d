"""A file of activities: what the job would take of it, and what is wrong, line by line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from tideline.schemas.authored_json import Authored, BadText, read_objects
from tideline.schemas.errors import InvalidField, InvalidRecord
from tideline.udfs.core.catalogue.activity import Activity, decode_activity, encode_activity

if TYPE_CHECKING:
    from collections.abc import Mapping


class Wrong(NamedTuple):
    """What is wrong in a file, and where; `activity_id`, `key` and `value` are None where there is none."""

    line: int
    activity_id: str | None
    key: str | None
    value: str | None
    allowed: str

    def __str__(self) -> str:
        """Return it in words."""
        about = "" if self.activity_id is None else f"{self.activity_id}: "
        return f"{about}{self.allowed}" if self.key is None else f"{about}{self.key}={self.value}; {self._allowed()}"

    def _allowed(self) -> str:
        return f"allowed: {self.allowed}"


class Placed(NamedTuple):
    """An activity, and the line on which it begins."""

    line: int
    activity: Activity


class ActivityFile(NamedTuple):
    """What a file holds by activity_id, and everything that is wrong: then none may be written."""

    placed: Mapping[str, Placed]
    wrong: tuple[Wrong, ...]

    @property
    def activities(self) -> list[Activity]:
        """Those that can be used."""
        return [each.activity for each in self.placed.values()]


def read_activities(text: str) -> ActivityFile:
    """Return the activities of a file, each as the job would read it from its topic.

    What the job would take and nobody means is refused too: a key that stands twice, an activity that does.
    """
    found: dict[str, Placed] = {}
    wrong: list[Wrong] = []
    try:
        for each in read_objects(text):
            told = _read(each)
            if isinstance(told, Wrong):
                wrong.append(told)
            elif told.activity_id in found:
                former = f"each once; it is on line {found[told.activity_id].line} too"
                wrong.append(Wrong(each.line, told.activity_id, "activity_id", repr(told.activity_id), former))
            else:
                found[told.activity_id] = Placed(each.line, told)
    except BadText as error:
        wrong.append(Wrong(error.line, None, None, None, error.what))
    return ActivityFile(found, tuple(wrong))


def _read(each: Authored) -> Activity | Wrong:
    name = each.value.get("activity_id")
    known = name if isinstance(name, str) else None
    if each.twice:
        path = each.twice[0]
        return Wrong(each.line_of(path), known, path, "(twice)", "each key once")
    value = json.dumps(each.value, ensure_ascii=False, separators=(",", ":")).encode(errors="surrogatepass")
    key = (known or "?").encode(errors="surrogatepass")
    try:
        activity = decode_activity(key, value)
        if activity is None:
            raise AssertionError("a value was given")
        decode_activity(key, encode_activity(activity))  # what is written has room and is read as the same
    except InvalidField as error:
        return Wrong(each.line_of(error.field), known, error.field, error.shown, error.allowed)
    except InvalidRecord as error:
        return Wrong(each.line, known, None, None, error.detail)
    return activity
