"""Rules and hours, asked of one user at a time as they are written: by these the compiled ones are judged."""

from __future__ import annotations

import operator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np

from tideline.schemas.events import TYPE_NAMES
from tideline.udfs.core.counter_random import uniform
from tideline.udfs.core.hashing import activity_hash, hash32, hash64, hashes64
from tideline.udfs.core.profiles.kept_profile import keep
from tideline.udfs.core.profiles.profile_record import OptOuts, Profile
from tideline.udfs.core.shown.marks import mark_dismissal
from tideline.udfs.core.shown.remembered import Remembered
from tideline.udfs.core.users.user_state import HISTORY, UserBatch, decode_states

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

DAY_MS = 86_400_000
_SIGNS = {">=": operator.ge, ">": operator.gt, "<=": operator.le, "<": operator.lt, "==": operator.eq}
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass
class PlainUser:
    """What rules ask of a user; `past` is his history, oldest first: time, type, item, category."""

    name: str
    at_ms: int
    events: int = 0
    purchases: int = 0
    past: list[tuple[int, str, str, str]] = field(default_factory=list)
    dismissed: dict[str, int] = field(default_factory=dict)
    zone: str | None = None
    labels: dict[str, str] = field(default_factory=dict)
    opt_outs: OptOuts = field(default_factory=OptOuts)


def batch_of(users: Sequence[PlainUser]) -> tuple[UserBatch, Any]:
    """Return them as the job holds them, and the hashes of their names."""
    batch = decode_states([None] * len(users), 4)
    for row, user in enumerate(users):
        batch.header["as_of_ms"][row] = user.at_ms
        batch.header["accepted"][row], batch.header["purchases"][row] = user.events, user.purchases
        batch.header["n_history"][row] = len(user.past)
        for place, (ts_ms, kind, item, category) in enumerate(user.past, HISTORY - len(user.past)):
            event = batch.history[row, place : place + 1]
            event["ts_ms"], event["type"] = ts_ms, TYPE_NAMES.index(kind)
            event["item"], event["category"] = hash32(item), hash32(category)
        state = Remembered(b"")
        for activity_id, ts_ms in user.dismissed.items():
            mark_dismissal(state.marks.dismissed, activity_hash(activity_id), ts_ms)
        batch.shown[row] = state.encode()
        if user.zone or user.labels or user.opt_outs != OptOuts():
            profile = Profile(user.name, 0, user.labels, user.zone, opt_outs=user.opt_outs)
            batch.profiles[row] = keep(profile)
    return batch, hashes64([user.name for user in users])


def meets(user: PlainUser, rule: Mapping[str, Any], zone: str | None, groups: Mapping[str, Sequence[str]]) -> bool:
    """Return whether a user meets a rule as a marketer writes it."""
    wanted = rule.get("any_category", [])
    held = {category for *_, category in user.past}
    return (
        user.events >= rule.get("min_events", 0)
        and user.purchases >= rule.get("min_purchases", 0)
        and (not wanted or not held.isdisjoint(wanted))
        and all(_clause(user, each, zone, groups) for each in rule.get("all") or [])
    )


def _clause(user: PlainUser, stated: Mapping[str, Any], zone: str | None, groups: Mapping[str, Sequence[str]]) -> bool:
    if "any" in stated:
        return any(_clause(user, each, zone, groups) for each in stated["any"])
    if "not" in stated:
        return not _clause(user, stated["not"], zone, groups)
    ((name, asked),) = stated.items()
    if name in ("hour_local", "weekday"):
        local = datetime.fromtimestamp(user.at_ms / 1000, UTC).astimezone(
            zone_of(asked.get("zone") or user.zone or zone or "UTC")
        )
        if name == "weekday":
            return _DAYS[local.weekday()] in asked["in"]
        return local.hour in asked["in"] if "in" in asked else _compared(local.hour, asked)
    if name.startswith("label."):
        return user.labels.get(name.removeprefix("label.")) in asked["in"]
    if name == "dismissed":
        return any(
            user.at_ms < ts_ms // DAY_MS * DAY_MS + DAY_MS + asked.get("within_days", 10**6) * DAY_MS
            for each, ts_ms in user.dismissed.items()
            if each == asked.get("activity") or each in groups.get(asked.get("group", ""), ())
        )
    if name in ("category", "item"):
        return any(
            (item if name == "item" else category) in asked["in"]
            and asked.get("type", kind) == kind
            and user.at_ms - ts_ms <= asked.get("within_days", 10**6) * DAY_MS
            for ts_ms, kind, item, category in user.past
        )
    if name == "part":
        share = uniform(hashes64([user.name]) ^ np.uint64(hash64(f"part:{asked['name']}")), 1)[0, 0] * 100
        return bool(asked["from"] <= share < asked["to"])
    return _number(user, name, asked)


def _number(user: PlainUser, name: str, asked: Mapping[str, Any]) -> bool:
    if name in ("events", "purchases"):
        return _compared(getattr(user, name), asked)
    times = [ts_ms for ts_ms, kind, *_ in user.past if name == "days_since_event" or kind == "purchase"]
    return bool(times) and _compared(max(user.at_ms - max(times), 0), asked, DAY_MS)


def _compared(value: int, asked: Mapping[str, Any], unit: int = 1) -> bool:
    ((sign, limit),) = [(sign, limit) for sign, limit in asked.items() if sign in _SIGNS]
    return bool(_SIGNS[sign](value, round(limit * unit)))


@cache
def zone_of(name: str) -> ZoneInfo:
    """Return a zone of the package tzdata, as its system's may be years older."""
    with files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as data:
        return ZoneInfo.from_file(data, key=name)


def is_open(hours: Sequence[Sequence[str]], zone: str, minute: int) -> bool:
    """Return whether a minute since the epoch is in the hours, as the clocks of the zone show it."""
    local = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)).astimezone(zone_of(zone))
    clock, today = f"{local:%H:%M}", local.weekday()
    for day, start, end in hours:
        for number in range(7) if day == "all" else [_DAYS.index(day)]:
            if start < end:
                inside = today == number and start <= clock < end
            else:
                inside = (today == number and clock >= start) or (today == (number + 1) % 7 and clock < end)
            if inside:
                return True
    return not hours
