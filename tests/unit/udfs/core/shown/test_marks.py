"""Marks of caps and dismissals: what is kept, and what goes first."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tideline.udfs.core.catalogue.eligibility.user_caps import MAX_CAP
from tideline.udfs.core.shown.mark_bytes import Marks
from tideline.udfs.core.shown.marks import (
    MAX_DISMISSALS,
    MAX_MARK_BYTES,
    SPARE,
    Trimmed,
    entry_of,
    impressions_of,
    mark_click,
    mark_dismissal,
    mark_impression,
    minute_of,
    trim,
)
from tideline.udfs.core.shown.shown_bytes import USE

DAY_MS = 86_400_000


def test_a_moment_is_rounded_up_to_its_minute() -> None:
    """Contract: a cap's window never ends before it is over."""
    assert [minute_of(each) for each in (0, 1, 60_000, 60_001)] == [0, 1, 1, 2]


def test_of_a_cap_the_newest_impressions_inside_the_window_are_kept() -> None:
    marks = Marks()
    for day in range(20):
        mark_impression(marks, 7, 2 * day + 1, day * DAY_MS, is_first=True)
    assert trim(marks, {7: (3, 7 * DAY_MS)}) == Trimmed(0, 0)
    assert marks.uses() == {7: {2 * day + 1: minute_of(day * DAY_MS) for day in range(20 - 3 - SPARE, 20)}}
    mark_impression(marks, 7, 99, 30 * DAY_MS, is_first=True)
    trim(marks, {7: (3, 7 * DAY_MS)})
    assert marks.uses() == {7: {99: minute_of(30 * DAY_MS)}}
    trim(marks, {})
    assert marks.uses() == {}


def test_an_entry_counts_once_from_its_earliest_event() -> None:
    """Contract: a click that overtakes its impression leaves no trace; what was dropped does not come back."""
    marks = Marks()
    mark_impression(marks, 7, 5, 900_000, is_first=True)
    mark_impression(marks, 7, 5, 60_000, is_first=False)
    mark_impression(marks, 7, 6, 60_000, is_first=False)
    mark_impression(marks, 8, 6, 60_000, is_first=False)
    assert marks.uses() == {7: {5: 1}}


def test_a_dismissal_stays_by_its_latest_day() -> None:
    """Contract: for ever, once an activity, whatever becomes of its cap."""
    marks = Marks()
    assert [mark_dismissal(marks.dismissed, 7, at * DAY_MS + 9) for at in (5, 3, 9)] == [True, False, False]
    trim(marks, {})
    assert marks.dismissed == {7: 9}


@pytest.mark.parametrize("seed", range(20))
def test_the_newest_clicks_are_kept_in_any_order_of_arrival(seed: int) -> None:
    """Contract: each entry by its latest click, as many as its cap needs, trimmed whenever."""
    random = Random(seed)
    clicks = [(random.randrange(9) * 2 + 1, random.randrange(5_000) * 60_000) for _ in range(40)]
    caps = {7: (2, 10 * DAY_MS)}
    found = []
    for order in (sorted(clicks), sorted(clicks, reverse=True), random.sample(clicks, len(clicks))):
        marks = Marks()
        for entry, ts_ms in order:
            mark_click(marks, 7, entry, ts_ms)
            if random.random() < 0.5:
                trim(marks, caps)
        trim(marks, caps)
        found.append(marks.uses_of(7))
    latest = sorted(((max(at for own, at in clicks if own == entry), entry) for entry, _ in set(clicks)), reverse=True)
    newest = dict.fromkeys(entry for _, entry in latest)
    assert found[0] == found[1] == found[2]
    assert set(list(newest)[:2]) <= found[0].keys()


@pytest.mark.parametrize("turned", [False, True])
def test_where_there_is_no_room_impressions_are_merged_before_any_goes(turned: bool) -> None:
    """Contract: Thirty activities of the marketer's contract's cap: every one of 300 impressions still counts."""
    activities = list(range(30))
    caps = dict.fromkeys(activities, (10, 7 * DAY_MS))
    marks = Marks()
    merged, most = 0, MAX_MARK_BYTES // USE.itemsize
    for time in range(10):
        for activity in reversed(activities) if turned else activities:
            entry = entry_of((1, time, activity, 0), 0)
            mark_impression(marks, activity, entry, 60_000 * (30 * time + activity), is_first=True)
        found = trim(marks, caps)
        merged += found.merged
        assert found.forgotten == 0
    assert merged == 300 - most
    assert sum(map(len, marks.uses().values())) == most
    assert [sum(map(impressions_of, marks.uses()[each])) for each in activities] == [10] * 30
    assert all(max(marks.uses()[each].values()) == 30 * 9 + each for each in activities)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 20_000)), min_size=140, max_size=200))
def test_a_merged_mark_lets_no_cap_end_too_soon(shown: list[tuple[int, int]]) -> None:
    """Contract: in whatever order they come, at any moment at least as many impressions count as there were."""
    caps = dict.fromkeys(range(41), (200, DAY_MS * 90))
    marks = Marks()
    for number, (activity, minute) in enumerate(shown):
        mark_impression(marks, activity, 2 * number + 1, 60_000 * minute, is_first=True)
        assert trim(marks, caps).forgotten == 0
    for activity in {each for each, _ in shown}:
        times = sorted((minute for each, minute in shown if each == activity), reverse=True)
        held = sorted(((at, impressions_of(entry)) for entry, at in marks.uses()[activity].items()), reverse=True)
        assert sum(count for _, count in held) == len(times)
        for newest in range(len(times)):
            assert sum(count for at, count in held if at >= times[newest]) > newest


def test_where_there_is_no_room_impressions_go_before_dismissals() -> None:
    """Contract: at most MAX_MARK_BYTES; how many had to go is told."""
    most = MAX_DISMISSALS
    marks = Marks()
    for activity in range(most):
        mark_dismissal(marks.dismissed, activity, DAY_MS * activity)
    for activity in (500, 501):
        mark_impression(marks, activity, 1, 10**12, is_first=True)
    assert trim(marks, {500: (9, DAY_MS), 501: (9, DAY_MS)}) == Trimmed(0, 2)
    assert (list(marks.dismissed), marks.uses()) == (list(range(most)), {})
    mark_dismissal(marks.dismissed, 999, 10**12)
    assert trim(marks, {}) == Trimmed(0, 1)
    assert sorted(marks.dismissed) == [*range(1, most), 999]


def test_the_largest_cap_there_is_fits_whatever_came_before() -> None:
    """Contract: of an activity with a cap of MAX_CAP all marks that it needs are kept, the newest."""
    marks = Marks()
    for entry in range(200):
        mark_impression(marks, 7, 2 * entry + 1, 60_000 * entry, is_first=True)
    assert trim(marks, {7: (MAX_CAP, DAY_MS)}) == Trimmed(0, 0)
    assert len(marks.uses()[7]) == MAX_CAP + SPARE
    assert USE.itemsize * len(marks.uses()[7]) <= MAX_MARK_BYTES
