"""What a list that was served breaks of the promises of docs/contracts, by name: one user, one moment, no array.

What is not known of a user is never held against a list: a breach that is reported is one.
"""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tideline.udfs.core.catalogue.activity import Activity
    from tideline.udfs.core.catalogue.eligibility.user_caps import UserCap
    from tideline.udfs.core.ranking.list_rules import ListRule

DAY_MS = 86_400_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WEEK_MINUTES = 7 * 1_440
_SIGNS = {">=": "__ge__", ">": "__gt__", "<=": "__le__", "<": "__lt__", "==": "__eq__"}
_NOT_KNOWN = frozenset(
    ("events", "purchases", "days_since_event", "days_since_purchase", "category", "item", "dismissed", "part")
)
"""Predicates about a user's whole history and draw: nothing that is told from outside says whether they hold."""

Breach = tuple[str, str]
"""Name of a promise, and what broke it."""


class Said(NamedTuple):
    """What a shop said of a user."""

    labels: Mapping[str, str] = MappingProxyType({})
    zone: str | None = None
    personalise: bool = True
    opted_out: frozenset[tuple[str, str]] = frozenset()
    """("activity", "group" or "kind", and its name)."""


class Past(NamedTuple):
    """What a user saw and did until a list was made; what is not there is not known to have happened."""

    seen: Sequence[tuple[str, int]] = ()
    """(activity, when) of each entry that was on his screen."""
    clicked: Sequence[tuple[str, int]] = ()
    dismissed: Mapping[str, int] = MappingProxyType({})
    """When last, by activity."""
    bought: Mapping[str, int] = MappingProxyType({})
    """When last, by item: of those purchases that are certainly among his 31 newest events."""
    events: int | None = None
    """His views, searches, carts and purchases at most; None: not known."""


NOTHING_SAID, NOTHING_KNOWN = Said(), Past()


def breaches_of_list(
    names: Sequence[str], at_ms: int, known: Mapping[str, Activity], said: Said, past: Past
) -> Iterator[Breach]:
    """Yield what the entries of a list of one user break, that was made as of a moment."""
    if len(set(names)) < len(names):
        yield "entry_twice", str(names)
    for name in names:
        activity = known.get(name)
        if activity is None:
            yield "window_broken", f"{name} is not known"
            continue
        for promise, what in _breaches(activity, at_ms, known, said, past):
            yield promise, f"{name} {what}"


def _breaches(
    activity: Activity, at_ms: int, known: Mapping[str, Activity], said: Said, past: Past
) -> Iterator[Breach]:
    if activity.status != "active" or not activity.starts_ms <= at_ms < activity.ends_ms:
        yield "window_broken", f"{activity.status}, {activity.starts_ms} to {activity.ends_ms} at {at_ms}"
    if not open_now(activity, at_ms, said.zone):
        yield "hours_broken", f"at {at_ms} in {said.zone or activity.time_zone}"
    out = {("activity", activity.activity_id), ("kind", activity.kind), ("group", activity.group or "")}
    if out & said.opted_out:
        yield "opt_out_broken", str(sorted(out & said.opted_out))
    yield from _rule(activity, at_ms, said, past)
    yield from _caps(activity, at_ms, known, past)
    last_ms = past.dismissed.get(activity.activity_id)
    if last_ms is not None:
        again_ms = activity.after_dismiss_ms
        if again_ms is None or at_ms < (last_ms // DAY_MS + 1) * DAY_MS + again_ms:
            yield "dismissed_shown", f"{at_ms - last_ms} ms after"


def open_now(activity: Activity, at_ms: int, zone: str | None) -> bool:
    """Return whether the hours of an activity hold a moment, by somebody's clocks or its own."""
    if not activity.hours:
        return True
    minute = _minute_of_week(at_ms, zone or activity.time_zone or "UTC")
    for day, start, end in activity.hours:
        for number in range(7) if day == "all" else (_DAYS.index(day),):
            begin, length = number * 1_440 + _minutes(start), (_minutes(end) - _minutes(start)) % 1_440 or 1_440
            if (minute - begin) % _WEEK_MINUTES < length:
                return True
    return False


def _minutes(clock: str) -> int:
    return int(clock[:2]) * 60 + int(clock[3:])


def _minute_of_week(at_ms: int, zone: str) -> int:
    clock = _clock(at_ms, zone)
    return clock.weekday() * 1_440 + clock.hour * 60 + clock.minute


def _clock(at_ms: int, zone: str) -> datetime:
    return (_EPOCH + timedelta(milliseconds=at_ms)).astimezone(ZoneInfo(zone))


def _rule(activity: Activity, at_ms: int, said: Said, past: Past) -> Iterator[Breach]:
    rule = activity.rule
    if rule is None:
        return
    events = past.events if said.personalise else 0
    if events is not None and events < rule.min_events:
        yield "rule_broken", f"{events} events of {rule.min_events}"
    for clause in json.loads(rule.all or "[]"):
        if _holds(clause, activity, at_ms, said, past) is False:
            yield "rule_broken", json.dumps(clause)


def _holds(stated: dict[str, Any], activity: Activity, at_ms: int, said: Said, past: Past) -> bool | None:
    """Return whether a clause or a predicate holds, None where it is not known; ValueError where nobody judges it."""
    ((name, inside),) = stated.items()
    if name == "any":
        found = [_holds(each, activity, at_ms, said, past) for each in inside]
        return True if True in found else None if None in found else False
    if name == "not":
        inner = _holds(inside, activity, at_ms, said, past)
        return None if inner is None else not inner
    if name.startswith("label."):
        return said.labels.get(name.removeprefix("label.")) in inside["in"]
    if name in ("hour_local", "weekday"):
        clock = _clock(at_ms, inside.get("zone") or said.zone or activity.time_zone or "UTC")
        if name == "weekday":
            return _DAYS[clock.weekday()] in inside["in"]
        (sign,) = inside.keys() - {"zone"}
        if sign == "in":
            return clock.hour in inside["in"]
        return bool(getattr(clock.hour, _SIGNS[sign])(inside[sign]))
    if name == "item" and inside.get("type") == "purchase" and "within_days" in inside:
        since_ms = at_ms - round(inside["within_days"] * DAY_MS)
        if said.personalise and any(past.bought.get(item, -1) >= since_ms for item in inside["in"]):
            return True
    if name not in _NOT_KNOWN:
        raise ValueError(f"an audit must judge {name}, or say that it cannot be known")
    return None


def _caps(activity: Activity, at_ms: int, known: Mapping[str, Activity], past: Past) -> Iterator[Breach]:
    """A cap counts what happened since it was written: here since its activity began."""
    for cap in activity.limits():
        told = past.clicked if cap.event == "click" else past.seen
        since_ms = max(at_ms - cap.window_ms + 1, activity.starts_ms)
        times = sum(ms >= since_ms for name, ms in told if name in known and _is_counted(cap, activity, known[name]))
        if times >= cap.max:
            cools = cap.event == "click" and cap.of == "activity"
            yield "cool_down_broken" if cools else "cap_broken", f"{cap}: {times} times"


def _is_counted(cap: UserCap, activity: Activity, other: Activity) -> bool:
    if cap.of == "activity":
        return other.activity_id == activity.activity_id
    if cap.of == "kind":
        return other.kind == activity.kind
    return cap.of == "all" or other.group == (cap.group or activity.group)


def breaches_of_rules(
    names: Sequence[str], known: Mapping[str, Activity], rules: Sequence[ListRule]
) -> Iterator[Breach]:
    """Yield what a whole list breaks: bans of list rules that are never relaxed."""
    entries = [known[name] for name in names if name in known]
    for rule in rules:
        if not rule.limit or rule.relax:
            continue
        values = [_values(each, rule.by) for each in entries]
        width = rule.window or max(len(values), 1)
        for start in range(max(len(values) - width, 0) + 1):
            counts = Counter(value for mine in values[start : start + width] for value in mine)
            worst, times = max(counts.items(), key=lambda each: each[1], default=("", 0))
            if times > rule.limit:
                yield "list_rule_broken", f"{rule.by}={worst} {times} times from {start}"
                break


def _values(activity: Activity, by: str) -> set[str]:
    if by == "category":
        return set(activity.categories)
    if by == "kind":
        return {activity.kind}
    value = activity.labels.get(by.removeprefix("label."))
    return set() if value is None else {value}


def breaches_of_popular(names: Sequence[str], known: Mapping[str, Activity]) -> Iterator[Breach]:
    """Yield what is on the popular list though it is not for everybody: with a rule, a cap or a limit over all."""
    for name in names:
        activity = known.get(name)
        if activity is not None and (activity.rule or activity.limits() or activity.is_limited):
            yield "popular_restricted", name
