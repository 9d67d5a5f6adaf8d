"""Reads the fields of a record that people wrote, with errors that name the field, its value and what is allowed."""

import math
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any, NoReturn, TypeGuard

from tideline.schemas.errors import InvalidField, Reason

MAX_TS_MS = 2**53
CANARY_PREFIX = "tideline-probe-"
"""What the ids of a prober's canaries begin with: users who are nobody, so no model is trained on them."""
EARLIEST_MS, LATEST_MS = 100_000_000_000, 253_402_300_799_999
"""Of a moment that people write (1973 to 9999): seconds are below it and microseconds above."""
MAX_ENTRIES = 64
MAX_NAME_CHARS = 64
MAX_TEXT_CHARS = 256
MAX_AMOUNT = 1e9
"""Largest price, budget or worth: one absurd number must not drown what was learned."""
_SHOWN_CHARS = 80
_IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}")
_IDENTIFIER_RULE = "1..64 of A-Z a-z 0-9 . _ : - and first a letter or digit"


def is_identifier(text: str) -> bool:
    """Return whether a name is safe in keys, logs and lists and means nothing there, as `*` would.

    >>> [is_identifier(name) for name in ("summer-sale.2", "*", "a|b", "")]
    [True, False, False, False]
    """
    return _IDENTIFIER.fullmatch(text) is not None


class Fields:
    """One record; every method returns the field it names, checked, or raises InvalidField with the given reason.

    `path` goes before field names in errors, for records inside records ("cap.").
    """

    def __init__(self, record: object, reason: Reason, path: str = "") -> None:
        self._reason = reason
        self._path = path
        if not isinstance(record, Mapping):
            raise InvalidField(reason, path.removesuffix(".") or "value", _shown(record), "an object")
        self._record: Mapping[str, object] = record

    def refuse(self, name: str, allowed: str) -> NoReturn:
        """Raise for a field that was read and does not fit the others."""
        shown = _shown(self._record[name]) if name in self._record else "(missing)"
        raise InvalidField(self._reason, f"{self._path}{name}", shown, allowed)

    def refuse_inside(self, path: str, inside: object, allowed: str) -> NoReturn:
        """Raise for what stands somewhere inside a field."""
        raise InvalidField(self._reason, f"{self._path}{path}", _shown(inside), allowed)

    def exactly(self, names: Collection[str]) -> None:
        """Refuse a record with other fields than these: a mistyped one would silently lift a limit."""
        for name in self._record:
            if name not in names:
                self.refuse(name, f"only the fields {', '.join(names)}")
        for name in names:
            if name not in self._record:
                self.refuse(name, "it must be given")

    def unknown(self, names: Collection[str]) -> str:
        """Return the first field that is none of these, as it may be shown; empty where there is none."""
        return next((_shown(name) for name in self._record if name not in names), "")

    def only_one(self, names: Collection[str], beside: Collection[str] = ()) -> str:
        """Return which one of these fields the record has; beside it, it may have only those of `beside`."""
        given = [name for name in self._record if name not in beside]
        if len(given) != 1 or given[0] not in names:
            raise InvalidField(self._reason, self._path.removesuffix("."), _shown(dict(self._record)), _one_of(names))
        return given[0]

    def completed(self, defaults: Mapping[str, object]) -> "Fields":
        """Return the record with the fields of `defaults` where it has none."""
        return Fields({**defaults, **self._record}, self._reason, self._path)

    def given(self, name: str) -> object:
        """Return a field of any type, None where it is null or missing."""
        return self._record.get(name)

    def inner(self, name: str, defaults: Mapping[str, object], names: Collection[str]) -> "Fields":
        """Return the record inside a field, completed with defaults; it has exactly the given names."""
        inside = self._record.get(name)
        completed = {**defaults, **inside} if isinstance(inside, dict) else inside
        fields = Fields(completed, self._reason, f"{self._path}{name}.")
        fields.exactly(names)
        return fields

    def records(
        self, name: str, max_count: int, defaults: Mapping[str, object], names: Collection[str]
    ) -> Iterator["Fields"]:
        """Yield the records of an array of at most max_count, as `inner` does one."""
        stated = self._record.get(name)
        if not isinstance(stated, list) or len(stated) > max_count:
            self.refuse(name, f"at most {max_count} objects")
        for at, each in enumerate(stated):
            yield Fields({f"{name}[{at}]": each}, self._reason, self._path).inner(f"{name}[{at}]", defaults, names)

    def identifier(self, name: str) -> str:
        """Return a name that is_identifier."""
        field = self._record.get(name)
        if not isinstance(field, str) or not is_identifier(field):
            self.refuse(name, _IDENTIFIER_RULE)
        return field

    def text(self, name: str, max_chars: int) -> str:
        """Return a text of 1..max_chars characters."""
        field = self._record.get(name)
        if not isinstance(field, str) or not 0 < len(field) <= max_chars:
            self.refuse(name, f"text of 1..{max_chars} characters")
        return field

    def choice(self, name: str, allowed: Collection[str], told: str = "") -> str:
        """Return one of the allowed texts; `told` is said of them in place of their names."""
        field = self._record.get(name)
        if not isinstance(field, str) or field not in allowed:
            self.refuse(name, told or ", ".join(allowed))
        return field

    def integer(self, name: str, low: int, high: int) -> int:
        """Return a whole number of low..high; a boolean is none."""
        field = self._record.get(name)
        if type(field) is not int or not low <= field <= high:
            self.refuse(name, f"a whole number of {low}..{high}")
        return field

    def moment(self, name: str) -> int:
        """Return a time in milliseconds since 1970; seconds and microseconds are refused as what they are."""
        field = self._record.get(name)
        if type(field) is not int or not EARLIEST_MS <= field <= LATEST_MS:
            unit = "whole milliseconds since 1970"
            if type(field) is int and 0 < field < EARLIEST_MS:
                unit += ", and this looks like seconds"
            elif type(field) is int and field > LATEST_MS:
                unit += ", and this looks like microseconds"
            self.refuse(name, f"{unit} ({EARLIEST_MS}..{LATEST_MS})")
        return field

    def integers(self, name: str, max_count: int, low: int, high: int) -> tuple[int, ...]:
        """Return an array of 1..max_count whole numbers of low..high."""
        field = self._record.get(name)
        if (
            not isinstance(field, list)
            or not 0 < len(field) <= max_count
            or not all(type(number) is int and low <= number <= high for number in field)
        ):
            self.refuse(name, f"1..{max_count} whole numbers of {low}..{high}")
        return tuple(field)

    def number(self, name: str, low: float, high: float) -> float:
        """Return a finite number of low..high; a boolean is none."""
        field = self._record.get(name)
        if not _is_number(field) or not low <= field <= high:
            self.refuse(name, f"a number of {low:g}..{high:g}")
        return float(field)

    def numbers(self, name: str, max_count: int, low: float, high: float) -> tuple[float, ...]:
        """Return an array of 1..max_count finite numbers of low..high."""
        field = self._record.get(name)
        if (
            not isinstance(field, (list, tuple))  # the latter where `completed` put it
            or not 0 < len(field) <= max_count
            or not all(_is_number(number) and low <= number <= high for number in field)
        ):
            self.refuse(name, f"1..{max_count} numbers of {low:g}..{high:g}")
        return tuple(float(number) for number in field)

    def texts(self, name: str, max_count: int) -> tuple[str, ...]:
        """Return an array of at most max_count texts of 1..256 characters."""
        field = self._record.get(name)
        if not isinstance(field, list) or len(field) > max_count or not all(map(_is_text, field)):
            self.refuse(name, f"at most {max_count} texts of 1..{MAX_TEXT_CHARS} characters")
        return tuple(field)

    def number_map(self, name: str) -> dict[str, float]:
        """Return at most 64 finite numbers by name."""
        field = self._record.get(name)
        if not _is_map(field) or not all(_is_number(number) and math.isfinite(number) for number in field.values()):
            self.refuse(name, f"at most {MAX_ENTRIES} finite numbers by names of 1..{MAX_NAME_CHARS} characters")
        return {key: float(number) for key, number in field.items()}

    def text_map(self, name: str) -> dict[str, str]:
        """Return at most 64 texts by name."""
        field = self._record.get(name)
        if not _is_map(field) or not all(map(_is_text, field.values())):
            self.refuse(name, f"at most {MAX_ENTRIES} texts by names of 1..{MAX_NAME_CHARS} characters")
        return dict(field)


def _shown(field: object) -> str:
    try:
        return repr(field)[:_SHOWN_CHARS]
    except RecursionError:
        return "(nested too deep)"


def _one_of(names: Collection[str]) -> str:
    return f"an object with one of {', '.join(names)}"


def _is_number(field: object) -> TypeGuard[int | float]:
    return type(field) in (int, float)


def _is_text(field: object) -> bool:
    return isinstance(field, str) and 0 < len(field) <= MAX_TEXT_CHARS


def _is_map(field: object) -> TypeGuard[dict[str, Any]]:
    return (
        isinstance(field, dict) and len(field) <= MAX_ENTRIES and all(0 < len(name) <= MAX_NAME_CHARS for name in field)
    )
