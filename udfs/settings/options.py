"""How one option is declared: kind of value, default, secrecy and one line of documentation, in a dataclass field.

A kind reads text (environment, flags) as well as the types of TOML, and says in words what it allows.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import re
from collections.abc import Callable, Iterable
from dataclasses import MISSING, dataclass
from pathlib import Path
from typing import Any

from tideline.schemas.topics import Topics

_METADATA_KEY = "option"
MASK = "***"
_MAX_PORT = 65_535
_TOPIC = re.compile(r"(?!\.{1,2}\Z)[A-Za-z0-9._-]{1,249}")


class Refusal(ValueError):
    """What `Kind.read` raises where it can say better than `Kind.allowed` what is allowed; it holds no secret."""

    def __init__(self, allowed: str) -> None:
        super().__init__(allowed)
        self.allowed = allowed


@dataclass(frozen=True)
class Kind:
    """What values an option takes.

    Attributes:
        allowed: The values in words; documentation and error messages use it.
        read: Value from text or TOML; raises ValueError or TypeError for what is not allowed.
    """

    allowed: str
    read: Callable[[Any], Any]


@dataclass(frozen=True)
class Option:
    """One declared option.

    Attributes:
        key: Its name in files; `TIDELINE_` and capitals make the environment's, hyphens the flag's.
        kind: What it takes.
        doc: One line.
        default: `dataclasses.MISSING` where it must be given.
        mask: Shows a value without its secret; None where there never is one. A value that this changes may only
            come from the environment or from a file named by `{key}_file`.
    """

    key: str
    kind: Kind
    doc: str
    default: Any
    mask: Callable[[Any], str] | None

    @property
    def environment(self) -> str:
        """Name of its environment variable."""
        return f"TIDELINE_{self.key.upper()}"

    @property
    def flag(self) -> str:
        """Name of its command-line flag."""
        return f"--{self.key.replace('_', '-')}"

    @property
    def default_text(self) -> str:
        """The default, fit to be printed, as Markdown."""
        if self.default is MISSING:
            return "(must be given)"
        return "-" if self.default is None else f"`{self.shown(self.default)}`"

    def shown(self, value: Any) -> str:
        """The value, fit to be printed."""
        if self.mask is not None:
            return self.mask(value)
        return json.dumps(vars(value)) if dataclasses.is_dataclass(value) else str(value)

    def secret(self, value: Any) -> bool:
        """Whether the value holds something that `shown` hides."""
        return self.mask is not None and MASK in self.mask(value)


def option(kind: Kind, doc: str, default: Any = MISSING, mask: Callable[[Any], str] | None = None) -> Any:
    """A dataclass field for an option; one that masks is also left out of the dataclass's repr."""
    metadata = {_METADATA_KEY: (kind, doc, mask)}
    if default == {}:  # a dataclass takes no mutable default
        return dataclasses.field(default_factory=dict, metadata=metadata, repr=mask is None)
    return dataclasses.field(default=default, metadata=metadata, repr=mask is None)


def options_of(config: type) -> dict[str, Option]:
    """The options of a dataclass by key, in the order of their declaration."""
    found = {}
    for field in dataclasses.fields(config):
        kind, doc, mask = field.metadata[_METADATA_KEY]
        default = {} if field.default_factory is dict else field.default
        found[field.name] = Option(field.name, kind, doc, default, mask)
    return found


def whole(low: int, high: int, power_of_two: bool = False) -> Kind:
    """Whole numbers from `low` to `high`, both included."""

    def read(raw: Any) -> int:
        if isinstance(raw, bool) or not isinstance(raw, (int, str)):
            raise TypeError
        value = int(raw)
        if not low <= value <= high or (power_of_two and value & (value - 1)):
            raise ValueError
        return value

    return Kind(f"{'powers of two' if power_of_two else 'whole numbers'} from {low} to {high}", read)


def number(low: float, high: float) -> Kind:
    """Numbers from `low` to `high`, both included."""

    def read(raw: Any) -> float:
        if isinstance(raw, bool) or not isinstance(raw, (int, float, str)):
            raise TypeError
        value = float(raw)
        if not low <= value <= high:  # also NaN
            raise ValueError
        return value

    return Kind(f"numbers from {low:.12g} to {high:.12g}", read)


def text(pattern: str, allowed: str) -> Kind:
    """Text that matches a regular expression from end to end."""

    def read(raw: Any) -> str:
        if not isinstance(raw, str) or not re.fullmatch(pattern, raw):
            raise ValueError
        return raw

    return Kind(allowed, read)


def brokers() -> Kind:
    """Addresses of Kafka brokers."""

    def read(raw: Any) -> str:
        if not isinstance(raw, str):
            raise TypeError
        for address in raw.split(","):
            found = re.fullmatch(r"(?:\[[\da-fA-F:.]+\]|[^\s,;:/@\[\]]+):(\d{1,5})", address)
            if found is None or not 0 < int(found[1]) <= _MAX_PORT:
                raise ValueError
        return raw

    return Kind("host:port, several with commas", read)


def topic_names() -> Kind:
    """Names of topics by role; roles that are left out keep theirs."""

    def check(entries: dict[str, Any]) -> Topics:
        names = Topics().by_role() | entries
        if names.keys() != Topics().by_role().keys():
            raise ValueError
        if not all(isinstance(name, str) and _TOPIC.fullmatch(name) for name in names.values()):
            raise Refusal("names of 1 to 249 letters, digits, dots, hyphens and underscores, no dot alone")
        return Topics(**names)

    return table(f"a table of names by role ({', '.join(Topics().by_role())})", json.loads, check)


def argument(kind: Kind) -> Callable[[str], Any]:
    """What argparse takes as `type`: it reads as the kind does and says what is allowed."""

    def read(raw: str) -> Any:
        try:
            return kind.read(raw)
        except (TypeError, ValueError) as error:
            allowed = error.allowed if isinstance(error, Refusal) else kind.allowed
            raise argparse.ArgumentTypeError(f"{raw!r}; allowed: {allowed}") from error

    return read


def one_of(values: Iterable[str]) -> Kind:
    """One of some words."""
    known = tuple(values)

    def read(raw: Any) -> str:
        if raw not in known:
            raise ValueError
        return str(raw)

    return Kind(", ".join(known), read)


def folder_with(file_name: str) -> Kind:
    """A folder that holds a certain file; becomes absolute, for operators run in another folder."""

    def read(raw: Any) -> Path:
        if not isinstance(raw, str) or not (Path(raw) / file_name).is_file():
            raise ValueError
        return Path(raw).resolve()

    return Kind(f"a folder with {file_name} in it", read)


def table(allowed: str, read_text: Callable[[str], Any], check: Callable[[dict[str, Any]], Any]) -> Kind:
    """A table of TOML, or text that `read_text` makes into one; `check` returns the value or raises as `Kind.read`."""

    def read(raw: Any) -> Any:
        try:
            entries = read_text(raw) if isinstance(raw, str) else raw
        except RecursionError as error:
            raise ValueError from error
        if not isinstance(entries, dict):
            raise TypeError
        return check(entries)

    return Kind(allowed, read)
