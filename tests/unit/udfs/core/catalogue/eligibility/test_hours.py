"""Hours of the week by the clocks of a zone."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.core_world import DAY_MS, NOON_MS, activity
from tests.support.plain_rules import is_open
from tideline.schemas.errors import InvalidField, Reason
from tideline.schemas.fields import Fields
from tideline.udfs.core.catalogue.catalogue import Catalogue, open_at, open_until
from tideline.udfs.core.catalogue.eligibility.hours import DAYS, Hours, minutes_open, read_hours
from tideline.udfs.core.local_time import NEVER, WEEK

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe")
TIMES = st.tuples(st.integers(0, 23), st.sampled_from([0, 30, 59])).map(lambda each: f"{each[0]:02d}:{each[1]:02d}")
WINDOWS = st.tuples(st.sampled_from([*DAYS, "all"]), TIMES, st.one_of(TIMES, st.just("24:00"))).filter(
    lambda each: each[1] != each[2]
)
CHANGES = [
    datetime(2026, 3, 29, 1, tzinfo=UTC),
    datetime(2026, 10, 25, 1, tzinfo=UTC),
    datetime(2026, 11, 1, 6, tzinfo=UTC),
]
MINUTES = st.tuples(st.sampled_from(CHANGES), st.integers(-3000, 3000)).map(
    lambda each: int(each[0].timestamp()) // 60 + each[1]
)


@settings(max_examples=60, deadline=None)
@given(st.lists(WINDOWS, min_size=1, max_size=3), st.sampled_from(ZONES), st.lists(MINUTES, min_size=1, max_size=4))
def test_what_is_open_closes_at_the_first_minute_that_is_closed(
    windows: list[tuple[str, str, str]], zone: str, minutes: list[int]
) -> None:
    """Contract: minute by minute as the clocks show it, over midnight, and where clocks go forward and back."""
    hours = Hours.of([(zone, tuple(windows))])
    for minute, (end,) in zip(minutes, hours.closing(np.array(minutes)).tolist(), strict=True):
        expected = minute
        while is_open(windows, zone, expected) and expected < minute + 2 * WEEK:
            expected += 1
        if expected == minute:
            assert end == 0
        elif expected == minute + 2 * WEEK:
            assert end == NEVER
        else:
            assert end == expected


def test_hours_end_a_list_s_entry_and_keep_the_activity_from_lists_outside() -> None:
    """Contract: NOON_MS is Tuesday 22:13 UTC, 23:13 in Berlin."""
    minute = NOON_MS // 60_000
    catalogue = Catalogue.of(
        [
            activity("a", hours=(("tue", "22:00", "23:30"),), time_zone="Europe/Berlin"),
            activity("b", hours=(("tue", "22:00", "01:00"),), time_zone="Europe/Berlin"),
            activity("c", hours=(("tue", "00:00", "23:13"),), time_zone="Europe/Berlin"),
            activity("d", hours=(("all", "00:00", "24:00"),), time_zone="Europe/Berlin"),
            activity("e"),
            activity("f", hours=(("all", "22:00", "24:00"),), time_zone="UTC", ends_ms=NOON_MS + 90_000),
        ]
    )
    at_ms = np.array([NOON_MS])
    until = open_until(catalogue, at_ms)

    assert open_at(catalogue, at_ms).tolist() == [[True, True, False, True, True, True]]
    assert until is not None
    assert (until[0] - minute).tolist()[:2] == [17, 107]
    assert (until[0] - minute).tolist()[3:] == [1440, 1440, 1]
    assert open_until(Catalogue.of([activity("e")]), at_ms) is None


def test_a_day_s_minutes_count_down_over_midnight() -> None:
    left = minutes_open((("sun", "23:00", "01:00"), ("mon", "01:00", "02:00")))
    assert left[-61:-58].tolist() == [0, 180, 179]
    assert left[:121].tolist() == [*range(120, 0, -1), 0]
    assert minutes_open(()).tolist() == [0] * WEEK


@pytest.mark.parametrize(
    ("stated", "path", "allowed"),
    [
        ("mon", "hours", "at most 64 of"),
        ([["mon", "09:00", "18:00"]] * 65, "hours", "at most 64 of"),
        ([["mon", "09:00"]], "hours[0]", "day, from, to"),
        ([["all", "09:00", "10:00"], ["monday", "09:00", "18:00"]], "hours[1]", "a day of mon, tue"),
        ([["mon", 9, 18]], "hours[0]", "day, from, to"),
        ([["mon", "9:00", "18:00"]], "hours[0]", "times from 00:00 to 23:59"),
        ([["mon", "09:00", "24:01"]], "hours[0]", "times from 00:00 to 23:59"),
        ([["mon", "24:00", "09:00"]], "hours[0]", "times from 00:00 to 23:59"),
        ([["mon", "09:00", "09:00"]], "hours[0]", "from and to that differ"),
    ],
)
def test_hours_that_cannot_be_are_refused(stated: Any, path: str, allowed: str) -> None:
    with pytest.raises(InvalidField) as refused:
        read_hours(Fields({"hours": stated}, Reason.BAD_ACTIVITY), "UTC")
    assert refused.value.field == path
    assert allowed in refused.value.allowed


def test_hours_need_a_zone() -> None:
    with pytest.raises(InvalidField, match="time_zone"):
        read_hours(Fields({"hours": [["mon", "09:00", "18:00"]]}, Reason.BAD_ACTIVITY), None)
    assert read_hours(Fields({"hours": []}, Reason.BAD_ACTIVITY), None) == ()


def test_no_user_and_no_hours_are_no_work() -> None:
    catalogue = Catalogue.of([activity("a", hours=(("all", "00:00", "24:00"),), time_zone="UTC")])
    assert open_at(catalogue, np.zeros(0, np.int64)).shape == (0, 1)
    assert open_at(Catalogue.of([]), np.array([NOON_MS, DAY_MS])).shape == (2, 0)
