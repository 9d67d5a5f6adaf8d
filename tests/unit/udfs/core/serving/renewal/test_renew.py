"""Lists of users of whom nothing is new."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests.support.core_world import DAY_MS, KEYS, NOON_MS, ArithmeticEncoder, activity
from tests.support.engine_runs import ranking_world, records_of, story_of, views
from tideline.schemas.events import Event, EventType
from tideline.udfs.core.erasure.erase_order import erase_order
from tideline.udfs.core.serving.engine import Outcome, process
from tideline.udfs.core.serving.ranker_state import RankerState
from tideline.udfs.core.serving.renewal.renew import RECENT_MS, last_lists, refresh, republish
from tideline.udfs.core.users.user_state import decode_states

BEFORE = ranking_world(ArithmeticEncoder())
OPENED_MS = NOON_MS + 600_000
SALE = activity("flash-sale", starts_ms=OPENED_MS, ends_ms=NOON_MS + DAY_MS)
AFTER = BEFORE.with_activities({"flash-sale": SALE})


def seen(ranker: RankerState, events: list[Event], states: dict[str, bytes], least_ms: int = 0) -> Outcome:
    """Process events and keep the states they lead to."""
    outcome = process(records_of(events), lambda users: [states.get(each) for each in users], ranker, least_ms=least_ms)
    states.update(zip(outcome.users, outcome.states, strict=True))
    return outcome


def test_recent_users_get_the_sale_and_others_wait() -> None:
    """Contract: who was seen in the day before it, not who is newer than it, unknown, or was away for longer."""
    states: dict[str, bytes] = {}
    recent = views("recent", 3)
    away = [each._replace(user_id="away", ts_ms=each.ts_ms - RECENT_MS) for each in recent]
    newer = [each._replace(user_id="newer", ts_ms=OPENED_MS + 5) for each in recent[:1]]
    seen(BEFORE, [*recent, *away, *newer], states)
    users = ["away", "newer", "nobody", "recent"]
    outcome = refresh(users, [states.get(each) for each in users], AFTER, OPENED_MS)
    assert (outcome.users, outcome.listed) == (["recent"], ["recent"])
    told = json.loads(outcome.lists[0])
    assert "flash-sale" in told["i"]
    assert told["v"][1] == OPENED_MS
    assert outcome.counts["refreshed"] == 1


def test_a_refresh_is_no_update_and_is_the_same_twice() -> None:
    """Contract: states stay byte for byte, a list made again has the bytes of the first."""
    states: dict[str, bytes] = {}
    users = ["u", "v"]
    rng = np.random.default_rng(3)
    seen(BEFORE, [event for user in users for event in story_of(user, 30, rng)], states)
    kept = [states[each] for each in users]
    first, again = (refresh(users, kept, AFTER, max(OPENED_MS, latest(kept))) for _ in range(2))
    assert first.listed == users
    assert first.states == kept
    assert first.lists == again.lists


def test_whoever_s_clock_is_behind_gets_lists_after_a_refresh() -> None:
    """Contract: each later list is as of the opening at the earliest, so it replaces the one that told of it."""
    states: dict[str, bytes] = {}
    seen(BEFORE, views("u", 3), states)
    told = json.loads(refresh(["u"], [states["u"]], AFTER, OPENED_MS).lists[0])
    late = Event("late", "u", EventType.VIEW, NOON_MS + 60_000, "tea-1", "tea")
    without, with_least = (json.loads(seen(AFTER, [late], dict(states), least).lists[0]) for least in (0, OPENED_MS))
    assert without["v"] < told["v"] < with_least["v"]
    assert "flash-sale" in with_least["i"]
    again = republish(["u"], [states["u"]], AFTER, OPENED_MS)
    assert json.loads(again.lists[0])["v"] > told["v"]


def test_a_list_later_than_the_opening_is_as_it_would_be_without() -> None:
    """Contract: `least_ms` changes no byte of a list whose user was seen since."""
    newer = [each._replace(ts_ms=OPENED_MS + 7) for each in views("u", 1)]
    assert seen(AFTER, newer, {}, OPENED_MS).lists == seen(AFTER, newer, {}).lists


@pytest.mark.parametrize("size", [1, 5, 40, 10_000])
def test_lists_left_for_later_are_those_made_at_once_through_erasures(size: int) -> None:
    """Contract: who is erased has the mark in place of a list at once, who comes back a list at the end; the same bytes
    in batches of any size, and of who never comes back nothing is made again."""
    draw, users = np.random.default_rng(8), [f"u{number}" for number in range(8)]
    events = [event for user in users for event in story_of(user, 25, draw)]
    for user in users[:6]:
        own = sorted(event.ts_ms for event in events if event.user_id == user)
        events += [erase_order(user, own[at], KEYS) for at in draw.integers(3, len(own), 2).tolist()]
    events.append(erase_order(users[0], max(each.ts_ms for each in events), KEYS))
    events.sort(key=lambda each: each.ts_ms)
    plain, lists = dict[str, bytes](), dict[str, bytes]()
    for event in events:
        made = seen(BEFORE, [event], plain)
        lists.update(zip(made.listed, made.lists, strict=True))
    kept, found = dict[str, bytes](), dict[str, bytes]()
    for at in range(0, len(events), size):
        records = records_of(events[at : at + size])
        made = process(records, lambda asked: [kept.get(each) for each in asked], BEFORE, later=True)
        kept.update(zip(made.users, made.states, strict=True))
        found.update(zip(made.listed, made.lists, strict=True))
    last = last_lists(users, [kept[each] for each in users], BEFORE)
    assert users[0] not in last.listed
    assert set(found) == set(users[:6])
    found.update(zip(last.listed, last.lists, strict=True))
    assert found == lists


def latest(states: list[bytes]) -> int:
    """Return a moment after all that the states have seen."""

    return int(decode_states(states, ArithmeticEncoder().hidden).header["as_of_ms"].max()) + 1
