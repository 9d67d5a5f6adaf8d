"""Rules, hours, caps and cool-downs in lists as they are made, judged by a plain record of everything that happened."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field, replace
from random import Random

import pytest

from tests.support.core_world import DAY_MS, NOON_MS, activity, make_ranker
from tests.support.plain_rules import PlainUser, is_open, meets
from tideline.schemas.codec import encode_event
from tideline.schemas.events import Event, EventType
from tideline.udfs.core.catalogue.activity import Activity, Cap, Rule
from tideline.udfs.core.catalogue.eligibility.user_caps import UserCap
from tideline.udfs.core.control.control import SetExperiment, VariantSpec
from tideline.udfs.core.serving.engine import Records, process
from tideline.udfs.core.serving.ranker_state import RankerState

MINUTE_MS, HOUR_MS = 60_000, 3_600_000
ZONE = "Europe/Berlin"
RULE = [{"any": [{"category": {"in": ["tea"], "within_days": 1}}, {"purchases": {">": 0}}]}, {"events": {">=": 3}}]
HOURS = (("all", "22:00", "06:00"),)


def _shop() -> list[Activity]:
    made = [activity(f"free-{number}", ends_ms=NOON_MS + 9 * DAY_MS) for number in range(3)]
    made += [activity("ruled", time_zone=ZONE, rule=Rule(all=json.dumps(RULE)), ends_ms=NOON_MS + 9 * DAY_MS)]
    made += [activity("night", time_zone=ZONE, hours=HOURS, ends_ms=NOON_MS + 9 * DAY_MS)]
    made += [activity("old", cap=Cap(2, 3 * HOUR_MS), ends_ms=NOON_MS + 9 * DAY_MS)]
    caps = (UserCap("group", 3, 2 * HOUR_MS), UserCap("kind", 9, DAY_MS), UserCap("all", 2, HOUR_MS, "click"))
    for number in range(6):
        more = {"after_click_ms": 5 * HOUR_MS} if number % 2 else {"after_dismiss_ms": DAY_MS}
        end = NOON_MS + 9 * DAY_MS
        made.append(activity(f"cheese-{number}", kind="event", group="cheese", caps=caps, ends_ms=end, **more))
    wine = UserCap("group", 1, 4 * HOUR_MS, "click", "cheese")
    return [*made, activity("wine", caps=(wine,), ends_ms=NOON_MS + 9 * DAY_MS)]


@dataclass
class Visitor:
    """Everything that one user did, by time: what he saw, clicked and dismissed, entry by entry."""

    plain: PlainUser
    state: bytes | None = None
    shown: dict[tuple[str, int], tuple[str, int]] = field(default_factory=dict)
    clicked: dict[tuple[str, int], tuple[str, int]] = field(default_factory=dict)
    page: tuple[str, list[str]] | None = None


def _may(visitor: Visitor, each: Activity, at_ms: int, shop: dict[str, Activity]) -> bool:
    for cap in each.limits():
        happened = visitor.shown if cap.event == "impression" else visitor.clicked
        pool = {
            "activity": [each.activity_id],
            "group": [name for name, one in shop.items() if one.group == (cap.group or each.group)],
            "kind": [name for name, one in shop.items() if one.kind == each.kind],
            "all": list(shop),
        }[cap.of]
        if sum(name in pool and ts_ms > at_ms - cap.window_ms for name, ts_ms in happened.values()) >= cap.max:
            return False
    gone_ms = visitor.plain.dismissed.get(each.activity_id)
    if gone_ms is not None and (each.after_dismiss_ms is None or at_ms <= gone_ms + each.after_dismiss_ms):
        return False
    form = json.loads(each.rule.all) if each.rule and each.rule.all else []
    return meets(visitor.plain, {"all": form}, ZONE, {}) and is_open(each.hours, ZONE, at_ms // MINUTE_MS)


def _next(visitor: Visitor, at_ms: int, random: Random, number: int) -> Event:
    """Return what he does next: looks at something, or at a place of the list he read last."""
    plain, event_id = visitor.plain, f"e{number}"
    if visitor.page is None or not visitor.page[1] or random.random() < 0.3:
        kind = random.choice([EventType.VIEW, EventType.VIEW, EventType.PURCHASE])
        category = random.choice(["tea", "milk", "rum"])
        plain.events += 1
        plain.purchases += kind is EventType.PURCHASE
        plain.past = [*plain.past, (at_ms, kind.name.lower(), "", category)][-31:]
        return Event(event_id, plain.name, kind, at_ms, category=category)
    token, names = visitor.page
    place = random.randrange(len(names))
    entry, name = (token, place), names[place]
    kind = random.choices([EventType.IMPRESSION, EventType.CLICK, EventType.DISMISS], [6, 3, 0.4])[0]
    visitor.shown.setdefault(entry, (name, at_ms))
    if kind is EventType.CLICK:
        visitor.clicked[entry] = (name, at_ms)
    if kind is EventType.DISMISS:
        plain.dismissed[name] = at_ms
    return Event(event_id, plain.name, kind, at_ms, activity_id=name, token=token, position=place)


def _ranker(shop: list[Activity]) -> RankerState:
    ranker = make_ranker(shop, list_size=5, exploration_permille=250)
    ranker = replace(ranker, settings=replace(ranker.settings, holdout_permille=300))
    return ranker.after(SetExperiment("trial", (VariantSpec("ts", "thompson", 300),), None), NOON_MS)


@pytest.mark.parametrize("seed", range(4))
def test_no_list_ever_holds_what_a_rule_an_hour_or_a_cap_forbids(seed: int) -> None:
    """Contract: of 300 lists a seed, a quarter explored, in every arm and in the holdout; each limit had its say."""
    random, shop = Random(seed), _shop()
    known, ranker = {each.activity_id: each for each in shop}, _ranker(shop)
    visitors = [Visitor(PlainUser(f"v{seed}-{number}", NOON_MS)) for number in range(10)]
    held: Counter[str] = Counter()
    listed: Counter[str] = Counter()
    at_ms = NOON_MS // MINUTE_MS * MINUTE_MS
    for number in range(300):
        visitor = random.choice(visitors)
        at_ms += random.choice([0, 1, 7, 40]) * MINUTE_MS
        event = _next(visitor, at_ms, random, number)
        record = Records([event.user_id.encode()], [encode_event(event)], [at_ms])
        found = process(record, lambda _, state=visitor.state: [state], ranker)  # type: ignore[misc]
        visitor.state, visitor.plain.at_ms = found.states[0], at_ms
        if found.lists:
            made = json.loads(found.lists[0])
            visitor.page = made["k"], made["i"]
            listed.update(made["i"])
            for each in shop:
                may = _may(visitor, each, at_ms, known)
                assert may or each.activity_id not in made["i"], (each, visitor)
                held[each.activity_id] += not may
    assert {*held} >= {"ruled", "night", "old", "wine", *(f"cheese-{number}" for number in range(6))}
    assert {*listed} == set(known)
