"""The price of room for few pushes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.push_rows import push_rows
from tideline.udfs.core.budgets.ledger import HOUR_MS, LEDGER, NO_LEDGER, encode_ledger, merged
from tideline.udfs.core.push.push_prices import (
    FULL,
    VALUE_CODES,
    Volume,
    code_starts,
    points_to_come,
    price_of_room,
    value_codes,
    volume_entries,
    volume_price,
)


@given(st.lists(st.integers(1, 2**61), min_size=1, max_size=50))
def test_a_value_lies_between_its_code_and_the_next(values: list[int]) -> None:
    """Contract: the steps are a quarter wide at most, beside the first codes, whose steps are less than one."""
    codes, starts = value_codes(np.array(values)).astype(int), code_starts()
    assert (starts[codes] <= np.array(values)).all()
    assert (np.array(values) < starts[codes + 1]).all()


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 400))
def test_about_so_many_are_above_the_price_as_there_is_room_for(seed: int, room: int) -> None:
    """Contract: beside plain sorting; never a tenth more than the step that the price lies in."""
    worth = np.rint(np.random.default_rng(seed).lognormal(10.0, 2.0, 500)).astype(np.int64)
    seen = np.bincount(value_codes(worth), minlength=VALUE_CODES).astype(float)
    price = price_of_room(seen, room, 500)
    assert abs(int((worth > price).sum()) - room) <= seen.max()


def test_there_is_no_price_without_values_and_no_room_without_room() -> None:
    """Contract: the first pushes are not held back, the last one is the last."""
    nothing = np.zeros(VALUE_CODES)
    assert price_of_room(nothing, 3, 100) == 0
    assert price_of_room(nothing, 0, 100) == price_of_room(nothing, -2, 0) == FULL
    assert price_of_room(nothing + 1, 3, 0) == 0


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_a_price_does_not_depend_on_order_split_or_restores(seed: int) -> None:
    """Contract: the same ledger, so the same price, whatever came first."""
    rows = push_rows(60, seed, 40 * HOUR_MS)
    parts = [volume_entries(each) for each in np.array_split(rows[np.random.default_rng(seed).permutation(60)], 4)]
    assert encode_ledger(merged(parts)) == encode_ledger(volume_entries(rows))
    assert volume_entries(rows[:0]).size == 0


def test_what_is_to_come_is_what_came_at_the_same_hours() -> None:
    """Contract: a shop that sleeps at night expects nothing of it; the hour begun counts as far as it is left."""
    week = np.zeros(7 * 24, LEDGER)
    week["hour"] = 24_000 + np.arange(week.size)
    week["exposure"] = np.where(week["hour"] % 24 >= 12, 1_000, 0)
    monday = (24_000 + week.size) * HOUR_MS
    assert points_to_come(week, monday, monday + 12 * HOUR_MS) == 0.0
    assert points_to_come(week, monday, monday + 24 * HOUR_MS) == pytest.approx(120.0)
    noon = monday + 12 * HOUR_MS + HOUR_MS // 2
    assert points_to_come(week, noon, noon + HOUR_MS) == pytest.approx(10.0)
    assert points_to_come(week, noon, noon + 40 * 24 * HOUR_MS) == pytest.approx(40 * 120.0)
    begun = np.concatenate([week, np.array([(monday // HOUR_MS, 10**9, 0, 0, 0, 0)], LEDGER)])
    assert points_to_come(begun, monday, monday + 24 * HOUR_MS) == pytest.approx(120.0)
    assert points_to_come(week, monday, monday - 1) == points_to_come(NO_LEDGER, 0, HOUR_MS) == 0.0


def test_of_the_first_hours_all_hours_are_taken_to_be_alike() -> None:
    """Contract: before a day is known, nobody knows how its hours differ."""
    begun = np.zeros(2, LEDGER)
    begun["hour"], begun["exposure"] = [24_000, 24_002], [3_000, 1_000]
    now = 24_004 * HOUR_MS
    assert points_to_come(begun, now, now + 2 * HOUR_MS) == pytest.approx(2 * 10.0)


def test_a_volume_counts_what_was_sent_inside_it_alone() -> None:
    """Contract: pushes of before take no room, and a full volume lets nothing pass."""
    ledger = np.zeros(2, LEDGER)
    ledger["hour"], ledger["impressions"], ledger["exposure"] = [9, 10], [100, 5], [10_000, 10_000]
    seen = np.zeros(VALUE_CODES)
    seen[50:60] = 10
    now, ends = 11 * HOUR_MS, 20 * HOUR_MS
    full, open_ = (volume_price(Volume(each, 10 * HOUR_MS, ends), ledger, seen, now) for each in (5, 6))
    assert full == FULL
    assert open_ == price_of_room(seen, 256 / 230, points_to_come(ledger, now, ends))
    assert 0 < open_ < FULL
    assert volume_price(Volume(10_000, 10 * HOUR_MS, ends), ledger, seen, now) == 0
