"""Who may be shown what, and the list as it is written."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import numpy as np
import pytest

from tests.support.core_world import DAY_MS, NOON_MS, activity, make_ranker
from tideline.schemas.codec import encode_event
from tideline.schemas.events import Event, EventType
from tideline.udfs.core.catalogue.activity import Activity, Cap, Rule
from tideline.udfs.core.catalogue.catalogue import Catalogue, eligible
from tideline.udfs.core.hashing import activity_hash
from tideline.udfs.core.serving.engine import Records, process
from tideline.udfs.core.serving.popular_list import PopularList
from tideline.udfs.core.serving.ranker_state import RankerState
from tideline.udfs.core.shown.marks import mark_dismissal, mark_impression, minute_of
from tideline.udfs.core.shown.remembered import Remembered
from tideline.udfs.core.users.user_state import UserBatch, decode_states


def user(as_of_ms: int = NOON_MS, **fields: int) -> UserBatch:
    batch = decode_states([None], 4)
    batch.header["as_of_ms"] = as_of_ms
    for name, number in fields.items():
        batch.header[name] = number
    return batch


def was_shown(batch: UserBatch, name: str, *times_ms: int, dismissed: bool = False, row: int = 0) -> UserBatch:
    state = Remembered(batch.shown[row])
    for entry, at_ms in enumerate(times_ms, 1):
        if dismissed:
            mark_dismissal(state.marks.dismissed, activity_hash(name), at_ms)
        else:
            mark_impression(state.marks, activity_hash(name), 2 * entry + 1, at_ms, is_first=True)
    batch.shown[row] = state.encode()
    return batch


def may_see(batch: UserBatch, *activities: Activity) -> list[str]:
    catalogue = Catalogue.of(activities)
    (mask,) = eligible(catalogue, batch, np.array([0])).mask
    return [each.activity_id for each, may in zip(catalogue.activities, mask.tolist(), strict=True) if may]


@pytest.mark.parametrize(("at_ms", "open_"), [(-1, False), (0, True), (DAY_MS - 1, True), (DAY_MS, False)])
def test_the_window_holds_its_first_moment_and_not_its_last(at_ms: int, open_: bool) -> None:
    """Contract: starts_ms is the first moment, ends_ms the first one after, as of the user's newest event."""
    one = activity("a", starts_ms=NOON_MS, ends_ms=NOON_MS + DAY_MS)
    assert may_see(user(NOON_MS + at_ms), one) == (["a"] if open_ else [])


@pytest.mark.parametrize(("status", "expected"), [("active", ["a"]), ("paused", []), ("ended", [])])
def test_only_active_ones_are_shown(status: str, expected: list[str]) -> None:
    assert may_see(user(), activity("a", status=status)) == expected


@pytest.mark.parametrize(
    ("ages_ms", "expected"),
    [
        ([], True),
        ([5], True),
        ([5, 0], False),
        ([5, 600_000 - 1], False),
        ([5, 660_000], True),
        ([1, 2, 3], False),
        ([700_000, 800_000, 900_000], True),
    ],
)
def test_a_cap_counts_impressions_of_its_window(ages_ms: list[int], expected: bool) -> None:
    """Contract: those not older than window_ms at the user's newest event, to the minute and never short of it."""
    batch = was_shown(user(), "a", *[NOON_MS - age for age in ages_ms])
    found = may_see(was_shown(batch, "gone", NOON_MS), activity("a", cap=Cap(2, 600_000)), activity("b"))
    assert found == (["a", "b"] if expected else ["b"])


@pytest.mark.parametrize(("age_ms", "expected"), [(0, False), (599_000, False), (660_000, True)])
def test_a_mark_that_was_merged_counts_as_all_it_stands_for(age_ms: int, expected: bool) -> None:
    """Contract: five impressions in one mark use up a cap of five, until it is out of the window."""
    batch = user()
    state = Remembered(batch.shown[0])
    state.marks.uses_of(activity_hash("a"))[10] = minute_of(NOON_MS - age_ms)
    batch.shown[0] = state.encode()
    assert may_see(batch, activity("a", cap=Cap(5, 600_000))) == (["a"] if expected else [])
    assert may_see(batch, activity("a", cap=Cap(6, 600_000))) == ["a"]


@pytest.mark.parametrize(("cap", "activities"), [(10, 30), (1, 30), (3, 100)])
def test_no_page_after_page_shows_more_than_a_cap_allows(cap: int, activities: int) -> None:
    """Contract: B2 as it was seen: 120 pages of ten in two hours, all activities with a cap of seven days."""
    ranker = make_ranker([activity(f"a{n}", cap=Cap(cap, 7 * DAY_MS)) for n in range(activities)], list_size=10)
    state: bytes | None = None
    seen: Counter[str] = Counter()
    for page in range(120):
        at_ms = NOON_MS + 60_000 * page
        state, body = tell(ranker, state, [Event(f"v{page}", "u", EventType.VIEW, at_ms, "i", "tea")])
        shown = [
            Event(f"{page}-{at}", "u", EventType.IMPRESSION, at_ms, activity_id=name, token=body["k"], position=at)
            for at, name in enumerate(body["i"])
        ]
        seen.update(body["i"])
        state, _ = tell(ranker, state, shown) if shown else (state, body)
    assert max(seen.values()) == cap
    assert sum(seen.values()) == min(1_200, cap * activities)


@pytest.mark.parametrize("windows_ms", [[7 * DAY_MS], [7 * DAY_MS, DAY_MS, 3_600_000]])
def test_of_more_capped_activities_than_can_be_marked_further_ones_wait(windows_ms: list[int]) -> None:
    """Contract: no cap is broken though 300 activities have one; which lists are short of them is counted."""
    forever = {"starts_ms": NOON_MS - DAY_MS, "ends_ms": NOON_MS + 90 * DAY_MS}
    named = {f"a{n:03}": windows_ms[n % len(windows_ms)] for n in range(300)}
    ranker = make_ranker([activity(n, cap=Cap(2, window), **forever) for n, window in named.items()], list_size=10)
    state: bytes | None = None
    seen: dict[str, list[int]] = {name: [] for name in named}
    full = 0
    for page in range(240):
        at_ms = NOON_MS + 3_600_000 * page
        state, body, counts = told(ranker, state, [Event(f"v{page}", "u", EventType.VIEW, at_ms, "i", "tea")])
        full += counts["lists_caps_full"]
        shown = [
            Event(f"{page}-{at}", "u", EventType.IMPRESSION, at_ms, activity_id=name, token=body["k"], position=at)
            for at, name in enumerate(body["i"])
        ]
        for name in body["i"]:
            seen[name].append(at_ms)
        if shown:
            state, _, counts = told(ranker, state, shown)
            full += counts["lists_caps_full"]
    for name, times in seen.items():
        for one, third in zip(times, times[2:], strict=False):
            assert third - one >= named[name], name
    assert full > 0
    assert sum(map(len, seen.values())) > 240


def test_who_has_room_is_shown_capped_activities_that_he_has_not_seen() -> None:
    """Contract: up to 112 marked ones inside their windows; marks of windows that are over take no room."""
    many = [activity(f"a{n:03}", cap=Cap(1, DAY_MS)) for n in range(130)]
    for marked, ages_ms, further in ((112, 0, True), (113, 0, False), (113, 2 * DAY_MS, True)):
        batch = user()
        for each in many[:marked]:
            was_shown(batch, each.activity_id, NOON_MS - ages_ms)
        found = eligible(Catalogue.of([*many, activity("free")]), batch, np.array([0]))
        assert (bool(found.mask[0, 129]), found.caps_full) == (further, 0 if further else 1)
        assert found.mask[0, 130]


def told(ranker: RankerState, state: bytes | None, events: list[Event]) -> tuple[bytes, dict[str, Any], Counter[str]]:
    """The state of a user after a batch, his list, and what was counted."""
    records = Records([b"u"] * len(events), [encode_event(each) for each in events], [events[-1].ts_ms] * len(events))
    outcome = process(records, lambda _: [state], ranker)
    return outcome.states[0], json.loads(outcome.lists[0]), outcome.counts


def tell(ranker: RankerState, state: bytes | None, events: list[Event]) -> tuple[bytes, dict[str, Any]]:
    """The state of a user after a batch, and his list."""
    after, body, _ = told(ranker, state, events)
    return after, body


def test_what_was_dismissed_stays_away_and_what_was_clicked_does_not() -> None:
    batch = was_shown(was_shown(user(), "a", 1, dismissed=True), "b", 1)
    assert may_see(batch, activity("a"), activity("b")) == ["b"]


@pytest.mark.parametrize("ahead_ms", [2 * DAY_MS, 400 * DAY_MS])
def test_a_clock_that_is_far_ahead_does_not_empty_a_list(ahead_ms: int) -> None:
    """Contract: a newest event after the end of every activity does not count, also not in caps."""
    batch = was_shown(user(n_history=3), "b", NOON_MS)
    batch.header["as_of_ms"] = NOON_MS + ahead_ms
    batch.history["ts_ms"][0, -3:] = [NOON_MS - 9, NOON_MS, NOON_MS + ahead_ms]
    activities = [activity("a"), activity("b", cap=Cap(1, 60_000)), activity("past", ends_ms=NOON_MS)]
    assert may_see(batch, *activities) == ["a"]
    batch.history["ts_ms"][0, -3:] = NOON_MS + ahead_ms
    assert may_see(batch, *activities) == []


def test_who_may_see_what_without_caps_is_told_of_those_asked_for() -> None:
    """Contract: before caps and dismissals; rules and windows hold there too."""
    batch = decode_states([None] * 3, 4)
    batch.header["as_of_ms"] = NOON_MS
    was_shown(batch, "capped", NOON_MS - 1, row=1)
    was_shown(batch, "plain", NOON_MS - 1, dismissed=True, row=2)
    catalogue = Catalogue.of(
        [activity("capped", cap=Cap(1, 60_000)), activity("over", ends_ms=NOON_MS), activity("plain")]
    )
    found = eligible(catalogue, batch, np.arange(3), uncapped=np.array([1, 2]))
    assert found.mask.tolist() == [[True, False, True], [False, False, True], [True, False, False]]
    assert found.uncapped.tolist() == [[True, False, True]] * 2
    assert eligible(catalogue, batch, np.arange(3)).uncapped.shape == (0, 3)


def test_users_of_a_batch_are_kept_apart() -> None:
    """Contract: a user's caps, dismissals and rules are his own, whatever rows are asked for."""
    batch = decode_states([None] * 4, 4)
    batch.header["as_of_ms"] = NOON_MS
    batch.header["accepted"] = [0, 9, 9, 0]
    was_shown(batch, "a", 5, dismissed=True, row=2)
    catalogue = Catalogue.of([activity("b", rule=Rule(min_events=9)), activity("a")])
    assert eligible(catalogue, batch, np.array([3, 1, 2])).mask.tolist() == [[True, False], [True, True], [False, True]]


def test_activities_stand_in_the_order_of_their_ids() -> None:
    """Contract: an activity's number does not depend on the order in which records came."""
    many = [activity(name, items=("x", name)) for name in ("b", "a", "B", "c10", "c9")]
    catalogue, other = Catalogue.of(many), Catalogue.of(reversed(many))
    assert [each.activity_id for each in catalogue.activities] == ["B", "a", "b", "c10", "c9"]
    assert catalogue.hashes.tolist() == other.hashes.tolist()
    assert catalogue.activities_of_item == other.activities_of_item
    assert catalogue.activities_of_item["x"] == ("B", "a", "b", "c10", "c9")


def test_lists_of_the_engine_end_with_the_hours_and_part_the_users() -> None:
    """Contract: as of a user's newest event, in his own list and in the popular one; a part is of all users by id."""
    # NOON_MS is Tuesday 23:13 in Berlin
    evening = (("all", "18:00", "23:30"),)
    half = Rule(all='[{"part":{"name":"spring","from":0,"to":50}}]')
    ranker = make_ranker(
        [
            activity("always"),
            activity("evening", hours=evening, time_zone="Europe/Berlin"),
            activity("morning", hours=(("all", "06:00", "12:00"),), time_zone="Europe/Berlin"),
            activity("part", rule=half),
        ]
    )
    users = [f"u{number}" for number in range(64)]
    events = [Event(f"e{name}", name, EventType.VIEW, NOON_MS, category="tea") for name in users]

    keys, values = [name.encode() for name in users], [encode_event(each) for each in events]
    found = process(Records(keys, values, [NOON_MS] * 64), lambda asked: [None] * len(asked), ranker)

    lists = [json.loads(each) for each in found.lists]
    ends = [dict(zip(each["i"], each["e"], strict=True)) for each in lists]
    assert {each["evening"] for each in ends} == {17}
    assert not any("morning" in each for each in ends)
    assert 16 < sum("part" in each for each in ends) < 48
    popular = json.loads(PopularList(3_600_000).due(ranker, NOON_MS)[""])
    assert dict(zip(popular["i"], popular["e"], strict=True)) == {"always": 1440, "evening": 17}
