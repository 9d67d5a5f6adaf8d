"""Files of activities, each wrong in one way, as people get them wrong."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

START_MS = 1_700_000_000_000
GOOD: dict[str, Any] = {
    "activity_id": "c08-0042",
    "kind": "coupon",
    "title": "20 % off cheese",
    "categories": ["CHEESE"],
    "items": ["sku-17"],
    "starts_ms": START_MS,
    "ends_ms": 4_000_000_000_000,
    "rule": {"min_events": 5, "any_category": ["CHEESE"]},
    "cap": {"max_shown": 10, "window_ms": 604_800_000},
    "reward_value": 2.5,
    "status": "active",
}
"""Shown a key a line, so that its keys are on lines 2 and on, in this order."""


class WrongFile(NamedTuple):
    """A file, and what must be said of it: line, key, how the value begins, and part of what is allowed."""

    name: str
    text: str
    line: int
    key: str | None
    value: str | None
    allowed: str


def text_of(activity: dict[str, Any]) -> str:
    """Return the JSON of an activity, each of its keys on a line of its own."""
    inside = ",\n".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in activity.items())
    return f"{{\n{inside}\n}}\n"


def _changed(key: str, value: Any, allowed: str, at: str = "") -> WrongFile:
    """Return the file in which one key has another value; `at` is the path that is told."""
    text = text_of(GOOD | {key: value})
    line = next(number for number, each in enumerate(text.splitlines(), 1) if each.startswith(f'"{key}"'))
    path = f"{key}.{at}" if at else key
    shown = repr(value[at] if at and at in value else value)[:60]
    if at and at not in value:
        shown = "(missing)"
    return WrongFile(f"{path}={shown}"[:60], text, line, path, shown, allowed)


def _without(key: str) -> WrongFile:
    text = text_of({name: value for name, value in GOOD.items() if name != key})
    return WrongFile(f"no {key}", text, 1, key, "(missing)", "it must be given")


def _inside(key: str, value: Any, line: int, path: str, allowed: str, **more: Any) -> WrongFile:
    """Return the file with one key more, behind which is what is said of it."""
    return WrongFile(f"{path} in {value}", text_of(GOOD | more | {key: value}), line + len(more), path, "", allowed)


def _clauses(form: str, below: int, path: str, allowed: str) -> WrongFile:
    """Return the file whose rule has this form; what is said of it is so many lines below its beginning."""
    text = text_of(GOOD | {"rule": {"all": "FORM"}}).replace('"FORM"', form)
    return WrongFile(path, text, 9 + below, path, "", allowed)


_TWICE = text_of(GOOD).replace('"kind": "coupon",', '"kind": "coupon",\n"kind": "banner",')
_ONE_LINE = json.dumps(GOOD)
_TWO = f"[{_ONE_LINE},\n{_ONE_LINE}]"
_SECOND_WRONG = f"{_ONE_LINE}\n{json.dumps(GOOD | {'activity_id': 'b', 'kind': 'raffle'})}\n"

WRONG_FILES = [
    _changed("activity_id", "", "first a letter or digit"),
    _changed("activity_id", "c08 0042", "1..64 of A-Z a-z 0-9"),
    _changed("activity_id", 42, "1..64 of A-Z a-z 0-9"),
    _changed("kind", "raffle", "campaign, coupon, flash_sale"),
    _changed("kind", "Coupon", "campaign, coupon, flash_sale"),
    _changed("title", "", "text of 1..200 characters"),
    _changed("title", "x" * 201, "text of 1..200 characters"),
    _changed("categories", "CHEESE", "at most 64 texts"),
    _changed("categories", ["CHEESE"] * 65, "at most 64 texts"),
    _changed("items", [17], "at most 1000 texts"),
    _changed("starts_ms", 1_700_000_000, "this looks like seconds"),
    _changed("starts_ms", "2026-11-26", "whole milliseconds since 1970"),
    _changed("starts_ms", 1.7e12, "whole milliseconds since 1970"),
    _changed("ends_ms", 1_700_000_000_000_000, "this looks like microseconds"),
    _changed("ends_ms", START_MS, f"after starts_ms={START_MS}"),
    _changed("status", "on", "active, paused, ended"),
    _changed("status", True, "active, paused, ended"),
    _changed("rule", "CHEESE", "an object"),
    _changed("rule", {"min_event": 5}, "only the fields min_events", "min_event"),
    _changed("rule", {"min_events": -1}, "a whole number of 0..", "min_events"),
    _changed("rule", {"min_purchases": 1.5}, "a whole number of 0..", "min_purchases"),
    _changed("rule", {"any_category": "CHEESE"}, "at most 64 texts", "any_category"),
    _changed("cap", {"max_shown": 3}, "it must be given", "window_ms"),
    _changed("cap", {"max_shown": 0, "window_ms": 60_000}, "a whole number of 1..64", "max_shown"),
    _changed("cap", {"max_shown": 3, "window_ms": 7}, "a whole number of 60000..", "window_ms"),
    _changed("cap", {"max_shown": 3, "window_ms": 60_000, "per": "day"}, "only the fields max_shown, window_ms", "per"),
    _changed("budget", -1, "a number of 0.."),
    _inside("cost", 0, 13, "cost", "above 0 beside budget=5", budget=5),
    _changed("cost", "2 euros", "a number of 0.."),
    _changed("pacing", "slow", "even, front, none"),
    _changed("pacing", "front", "even without a budget"),
    _changed("total_cap", 0, "a whole number of 1.."),
    _changed("stock", 40, "an object"),
    _changed("stock", {"left": 40}, "it must be given", "as_of_ms"),
    _changed("stock", {"left": -1, "as_of_ms": START_MS}, "a whole number of 0..", "left"),
    _changed("stock", {"left": 40, "as_of_ms": 1_700_000_000}, "this looks like seconds", "as_of_ms"),
    _changed("reward_value", None, "a number of 0.."),
    _changed("exposure_floor", 5, "a number of 0..1"),
    _changed("parameters", {"discount": "10 %"}, "finite numbers by names"),
    _changed("labels", {"channel": 3}, "texts by names"),
    _changed("group", "cheese and wine", "1..64 of A-Z a-z 0-9"),
    _changed("time_zone", "Berlin", "a time zone such as Europe/Berlin"),
    _inside("hours", [["mon", "09:00", "18:00"]], 1, "time_zone", "it must be given where there are hours"),
    _inside("hours", [["mon", "09:00", "09:00"]], 13, "hours[0]", "from and to that differ", time_zone="UTC"),
    _inside("hours", [["monday", "09:00", "18:00"]], 13, "hours[0]", "a day of mon, tue", time_zone="UTC"),
    _inside("caps", [{"of": "group", "max": 3, "window_ms": 60_000}], 13, "caps[0].of", "group where the activity has"),
    _inside("caps", [{"of": "kind", "max": 99, "window_ms": 60_000}], 13, "caps[0].max", "a whole number of 1..64"),
    _inside("after_conversion_ms", 86_400_000, 13, "after_conversion_ms", "a rule such as"),
    _clauses('[{"event":\n{">=": 5}}]', 0, "rule.all[0].event", "only events, purchases"),
    _clauses('[{"events": {"=>": 5}}]', 0, "rule.all[0].events", "an object with one of >=, >, <=, <, =="),
    _clauses(
        '[{"events": {">": 5}},\n{"any": [\n{"category": {"in": []}}]}]', 2, "rule.all[1].any[0].category.in", "1..64"
    ),
    _clauses('[{"not":\n{"label.contry": {"in": ["DE"]}}}]', 1, "rule.all[0].not.label.contry", "label.country"),
    _clauses('[{"weekday": {"in": ["mon"]}}]', 0, "rule.all[0].weekday.zone", "where the activity has no time_zone"),
    _inside("variants", {"red": {}}, 13, "variants", "at most 8 objects"),
    _inside("variants", [{"id": "red"}], 13, "variants", "2 to 8, or none"),
    _inside("variants", [{"id": f"n{at}"} for at in range(9)], 13, "variants", "at most 8 objects"),
    _inside("variants", [{"id": "red"}, {"id": "red"}], 13, "variants[1].id", "each once; see variants[0]"),
    _inside("variants", [{"id": "v5"}, {"id": "v1760"}], 13, "variants[1].id", "another id: tokens cannot"),
    _inside("variants", [{"id": "red"}, {"id": "big blue"}], 13, "variants[1].id", "1..64 of A-Z a-z 0-9"),
    _inside("variants", [{"id": "red"}, {"name": "blue"}], 13, "variants[1].name", "only the fields id, parameters"),
    _inside("variants", [{"id": "a", "parameters": {"off": "9 %"}}], 13, "variants[0].parameters", "finite numbers"),
    _changed("split", "odd", "even, earn"),
    _changed("split", "earn", "even without variants"),
    _changed("objective", "profit", "click, conversion, revenue, margin"),
    _changed("objective", "margin", "click without variants"),
    _changed("max_shown", 3, "only the fields activity_id"),
    _without("title"),
    _without("ends_ms"),
    WrongFile("a key twice", _TWICE, 4, "kind", "(twice)", "each key once"),
    WrongFile("an activity twice", _TWO, 2, "activity_id", "'c08-0042'", "each once; it is on line 1 too"),
    WrongFile("the second of two", _SECOND_WRONG, 2, "kind", "'raffle'", "campaign, coupon"),
    WrongFile("a comma too many", text_of(GOOD).replace("\n}", ",\n}"), 13, None, None, "no JSON: "),
    WrongFile("a number that is none", text_of(GOOD).replace("2.5", "NaN"), 1, None, None, "NaN is no number"),
    WrongFile("an array that is cut", f"[{_ONE_LINE},\n", 1, None, None, "the array is not closed"),
    WrongFile("a text", '"c08-0042"', 1, None, None, '"c08-0042" is no activity'),
    WrongFile("more than has room", json.dumps(GOOD | {"items": ["x" * 250] * 300}), 1, None, None, "allowed: 65536"),
]
