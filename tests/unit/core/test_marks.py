"""Marks of caps and dismissals: what is kept, and what goes first."""

from __future__ import annotations

from udfs.core.marks import MAX_MARKS, SPARE, mark_dismissal, mark_impression, minute_of, trim
from udfs.core.shown_state import DISMISSED, Marks

DAY_MS = 86_400_000


def test_a_moment_is_rounded_up_to_its_minute() -> None:
    """Contract: a cap's window never ends before it is over."""
    assert [minute_of(each) for each in (0, 1, 60_000, 60_001)] == [0, 1, 1, 2]


def test_of_a_cap_the_newest_impressions_inside_the_window_are_kept() -> None:
    marks: Marks = {}
    for day in range(20):
        mark_impression(marks, 7, day + 1, day * DAY_MS, is_first=True)
    assert trim(marks, {7: (3, 7 * DAY_MS)}) == 0
    assert marks == {7: {day + 1: minute_of(day * DAY_MS) for day in range(20 - 3 - SPARE, 20)}}
    mark_impression(marks, 7, 99, 30 * DAY_MS, is_first=True)
    trim(marks, {7: (3, 7 * DAY_MS)})
    assert marks == {7: {99: minute_of(30 * DAY_MS)}}


def test_an_entry_counts_once_from_its_earliest_event() -> None:
    """Contract: a click that overtakes its impression leaves no trace; what was dropped does not come back."""
    marks: Marks = {}
    mark_impression(marks, 7, 5, 900_000, is_first=True)
    mark_impression(marks, 7, 5, 60_000, is_first=False)
    mark_impression(marks, 7, 6, 60_000, is_first=False)
    mark_impression(marks, 8, 6, 60_000, is_first=False)
    assert marks == {7: {5: 1}}


def test_a_dismissal_stays_by_its_earliest_time() -> None:
    """Contract: for ever, once an activity, whatever becomes of its cap."""
    marks: Marks = {}
    assert [mark_dismissal(marks, 7, at) for at in (600_000, 60_000, 900_000)] == [True, False, False]
    trim(marks, {})
    assert marks == {7: {0: 1 | DISMISSED}}


def test_where_there_is_no_room_impressions_go_before_dismissals() -> None:
    """Contract: at most MAX_MARKS; how many had to go is told."""
    marks: Marks = {}
    for activity in range(MAX_MARKS):
        mark_dismissal(marks, activity, 60_000 * activity)
    for activity in (500, 501):
        mark_impression(marks, activity, 1, 10**12, is_first=True)
    assert trim(marks, {500: (9, DAY_MS), 501: (9, DAY_MS)}) == 2
    assert sorted(marks) == list(range(MAX_MARKS))
    mark_dismissal(marks, 999, 10**12)
    assert trim(marks, {}) == 1
    assert sorted(marks) == [*range(1, MAX_MARKS), 999]
