"""Placements: lists that each user has beside his default one, as an operator writes them.

`{"name": "banner", "number": 1, "size": 1, "kinds": ["banner"], "apart_from": ["cart"]}`: one entry, of that kind, and
never one that stands in the user's list for the cart. What is left out is as in the default list.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tideline.schemas.errors import ConfigError
from tideline.schemas.fields import is_identifier
from tideline.udfs.core.catalogue.activity import KINDS
from tideline.udfs.core.limits import MAX_PLACEMENT, MAX_POSITIONS
from tideline.udfs.core.ranking.list_rules import ListRules, read_list_rules

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT = "default"
"""What the default list is called where a placement has to be apart from it."""
MAX_PLACEMENTS = 20
MAX_PERMILLE = 255
_MAX_WEIGHT = 1e6
_NAME = re.compile(r"[A-Za-z0-9._-]{1,32}")
_REQUIRED = ("name", "number", "size")
_KEYS = (*_REQUIRED, "kinds", "groups", "list_rules", "exploration", "weights", "apart_from")
_WEIGHTS = ("click", "conversion", "revenue", "cost")
_TEXTS = "a list of texts, none twice"
_NAMES = f"1 to 32 letters, digits, dots, hyphens and underscores, not {DEFAULT}, no name twice"
_NUMBERS = f"a whole number from 1 to {MAX_PLACEMENT}, none twice: tokens and state know it by it"

ALLOWED_PLACEMENTS = (
    f'JSON: at most {MAX_PLACEMENTS} placements {{"name": {_NAMES}; "number": {_NUMBERS}; '
    f'"size": 1 to {MAX_POSITIONS}; "kinds", "groups": what it takes, left out: everything; '
    '"list_rules", "exploration": as the options, left out: theirs; '
    '"weights": {"click", "conversion", "revenue", "cost"}, left out: those of the default list; '
    f'"apart_from": names of placements before it, or {DEFAULT}}}'
)


@dataclass(frozen=True, slots=True)
class Placement:
    """One placement; None: as in the default list."""

    name: str
    number: int
    """What tokens and state know it by, for ever."""
    size: int
    kinds: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    """It takes activities of any of these kinds or groups; both empty: every one."""
    list_rules: ListRules | None = None
    exploration_permille: int | None = None
    weights: tuple[float, float, float, float] | None = None
    """Worth of a click, of a conversion and of a unit of revenue, and how much a unit of cost takes away."""
    apart_from: tuple[str, ...] = ()
    """No activity is on it that is on one of these lists of the same user."""

    def takes(self, kind: str, group: str | None) -> bool:
        """Return whether activities of a kind and a group may be on it.

        >>> Placement("cart", 2, 4, kinds=("coupon",), groups=("tea",)).takes("event", "tea")
        True
        """
        return not (self.kinds or self.groups) or kind in self.kinds or group in self.groups

    def document(self) -> dict[str, Any]:
        """Return it as it is written."""
        found: dict[str, Any] = {"name": self.name, "number": self.number, "size": self.size}
        for key in ("kinds", "groups", "apart_from"):
            if getattr(self, key):
                found[key] = list(getattr(self, key))
        if self.list_rules is not None:
            found["list_rules"] = json.loads(str(self.list_rules))
        if self.exploration_permille is not None:
            found["exploration"] = self.exploration_permille / 1000
        if self.weights is not None:
            found["weights"] = dict(zip(_WEIGHTS, self.weights, strict=True))
        return found


class Placements(tuple[Placement, ...]):
    """Placements in the order in which a user's lists are made."""

    __slots__ = ()

    def __str__(self) -> str:
        """As JSON, as they are given."""
        return json.dumps([each.document() for each in self])


def read_placements(raw: Any) -> Placements:
    """Return the placements of JSON text, or of a list of tables.

    Raises:
        ConfigError: it names the placement, its key, the value and what is allowed.

    >>> [each.name for each in read_placements('[{"name": "cart", "number": 2, "size": 4}]')]
    ['cart']
    """
    try:
        given = json.loads(raw) if isinstance(raw, str) else raw
    except (ValueError, RecursionError) as error:
        raise ConfigError("placements", raw, f"a JSON list of placements ({error})") from error
    if not isinstance(given, list) or len(given) > MAX_PLACEMENTS:
        raise ConfigError("placements", raw, f"a list of at most {MAX_PLACEMENTS} placements")
    found: list[Placement] = []
    for at, each in enumerate(given):
        found.append(_read(f"placements[{at}]", each, found))
    return Placements(found)


def numbers_of(placements: str) -> dict[str, int]:
    """Return the number of each placement by name, from placements as text."""
    return {each.name: each.number for each in read_placements(placements)}


def _read(key: str, given: Any, before: list[Placement]) -> Placement:
    if not isinstance(given, dict) or not set(_REQUIRED) <= given.keys() <= set(_KEYS):
        allowed = f"a table with {', '.join(_REQUIRED)}, and perhaps {', '.join(_KEYS[len(_REQUIRED) :])}"
        raise ConfigError(key, given, allowed)
    name, number, size = (given[each] for each in _REQUIRED)
    taken = [each.name for each in before]
    if not isinstance(name, str) or not _NAME.fullmatch(name) or name in (DEFAULT, *taken):
        raise ConfigError(f"{key}.name", name, _NAMES)
    if not _is_whole(number, MAX_PLACEMENT) or number in [each.number for each in before]:
        raise ConfigError(f"{key}.number", number, _NUMBERS)
    if not _is_whole(size, MAX_POSITIONS):
        raise ConfigError(f"{key}.size", size, f"a whole number from 1 to {MAX_POSITIONS}")
    kinds, groups = (_texts(f"{key}.{each}", given.get(each, [])) for each in ("kinds", "groups"))
    if not set(kinds) <= set(KINDS):
        raise ConfigError(f"{key}.kinds", list(kinds), f"some of {', '.join(KINDS)}")
    if not all(map(is_identifier, groups)):
        raise ConfigError(f"{key}.groups", list(groups), "groups as activities have them")
    apart_from = _texts(f"{key}.apart_from", given.get("apart_from", []))
    if not set(apart_from) <= {DEFAULT, *taken}:
        raise ConfigError(f"{key}.apart_from", list(apart_from), f"some of {', '.join([DEFAULT, *taken])}")
    rules = _list_rules(key, given["list_rules"]) if "list_rules" in given else None
    exploration = _permille(key, given["exploration"]) if "exploration" in given else None
    weights = _weights(key, given["weights"]) if "weights" in given else None
    return Placement(name, number, size, kinds, groups, rules, exploration, weights, apart_from)


def _is_whole(value: Any, most: int) -> bool:
    return type(value) is int and 1 <= value <= most


def _texts(key: str, given: Any) -> tuple[str, ...]:
    if not isinstance(given, list) or not all(isinstance(each, str) for each in given) or len({*given}) < len(given):
        raise ConfigError(key, given, _TEXTS)
    return tuple(given)


def _list_rules(key: str, given: Any) -> ListRules:
    try:
        return read_list_rules(given)
    except ConfigError as error:
        raise ConfigError(f"{key}.{error.key}", error.value, error.allowed) from error


def _permille(key: str, given: Any) -> int:
    if type(given) not in (int, float) or not 0 <= given <= MAX_PERMILLE / 1000:
        raise ConfigError(f"{key}.exploration", given, f"numbers from 0 to {MAX_PERMILLE / 1000}")
    return round(float(given) * 1000)


def _weights(key: str, given: Any) -> tuple[float, float, float, float]:
    allowed = f"a table of {', '.join(_WEIGHTS)}, numbers from 0 to {_MAX_WEIGHT:g}, not all 0"
    if not isinstance(given, dict) or not given.keys() <= set(_WEIGHTS):
        raise ConfigError(f"{key}.weights", given, allowed)
    found = _numbers(given)
    if found is None or not any(found):
        raise ConfigError(f"{key}.weights", given, allowed)
    return found


def _numbers(given: Mapping[str, Any]) -> tuple[float, float, float, float] | None:
    values = [given.get(name, 0.0) for name in _WEIGHTS]
    if not all(type(each) in (int, float) and math.isfinite(each) and 0 <= each <= _MAX_WEIGHT for each in values):
        return None
    click, conversion, revenue, cost = map(float, values)
    return click, conversion, revenue, cost
