"""A rule in words, for who does not read JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tideline.udfs.core.catalogue.activity import Rule

_SIGNS = {">=": "at least", ">": "more than", "<=": "at most", "<": "fewer than", "==": "exactly"}
_NAMES = {
    "events": "events",
    "purchases": "purchases",
    "days_since_event": "days since the last event",
    "days_since_purchase": "days since the last purchase",
    "part": "his part of all users",
    "hour_local": "the hour on his clock",
    "weekday": "the day on his clock",
    "category": "a category of his",
    "item": "an item of his",
    "dismissed": "what he dismissed",
}
_SHOWN = 5


def in_words(rule: Rule | None) -> list[str]:
    """Return what must all hold for a user to be shown an activity; nothing where everybody may be.

    >>> from tideline.udfs.core.catalogue.activity import Rule
    >>> in_words(Rule(min_events=3, all='[{"any":[{"label.tier":{"in":["gold"]}},{"not":{"purchases":{">=":2}}}]}]'))
    ['events at least 3', 'label tier one of gold, or not (purchases at least 2)']
    """
    if rule is None:
        return []
    parts = []
    if rule.min_events:
        parts.append(f"events at least {rule.min_events:,}")
    if rule.min_purchases:
        parts.append(f"purchases at least {rule.min_purchases:,}")
    if rule.any_category:
        parts.append(f"a category of his one of {_names(rule.any_category)}")
    return parts + [_clause(each) for each in json.loads(rule.all or "[]")]


def _clause(stated: dict[str, Any]) -> str:
    ((name, inside),) = stated.items()
    if name == "any":
        return ", or ".join(map(_clause, inside))
    if name == "not":
        return f"not ({_clause(inside)})"
    what = f"label {name.removeprefix('label.')}" if name.startswith("label.") else _NAMES.get(name, name)
    if not isinstance(inside, dict):
        return f"{what} {inside}"
    return " ".join([what, *(_part(key, value) for key, value in inside.items())])


def _part(key: str, value: Any) -> str:
    if key == "in":
        return f"one of {_names(value)}"
    if key in _SIGNS:
        return f"{_SIGNS[key]} {value:,}" if isinstance(value, int | float) else f"{_SIGNS[key]} {value}"
    if key == "within_days":
        return f"within {value:g} days"
    return f"({key} {value})"


def _names(values: Sequence[Any]) -> str:
    shown = ", ".join(map(str, values[:_SHOWN]))
    return f"{shown} and {len(values) - _SHOWN:,} more" if len(values) > _SHOWN else shown
