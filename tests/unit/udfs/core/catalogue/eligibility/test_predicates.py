"""Predicates of a batch: what test_rules.py compares with a plain reading of rules, here where it is at its edge."""

from __future__ import annotations

import numpy as np
import pytest

from tests.support.core_world import NOON_MS
from tests.support.plain_rules import DAY_MS, PlainUser, batch_of
from tideline.udfs.core.catalogue.eligibility.predicates import Asked, Predicates
from tideline.udfs.core.catalogue.eligibility.rule_form import Between, Past, Predicate


def answer(user: PlainUser, predicate: Predicate, groups: dict[str, list[str]] | None = None) -> bool:
    batch, hashes = batch_of([user])
    compiled = Predicates.of([predicate], groups or {})
    ((found,),) = compiled.answers(Asked(batch, np.array([0]), batch.header["as_of_ms"], hashes)).tolist()
    return bool(found)


@pytest.mark.parametrize(("age_ms", "expected"), [(0, True), (DAY_MS, True), (DAY_MS + 1, False), (-1, True)])
def test_a_window_of_days_is_one_of_milliseconds(age_ms: int, expected: bool) -> None:
    user = PlainUser("u", NOON_MS, past=[(NOON_MS - age_ms, "view", "i", "tea")])
    assert answer(user, Past("category", ("tea",), DAY_MS, None)) is expected


@pytest.mark.parametrize(("days", "expected"), [(1, True), (2, False)])
def test_a_dismissal_lasts_to_the_end_of_its_day(days: int, expected: bool) -> None:
    """Contract: marks know the day alone, so an exclusion is never over too early, and less than a day too late."""
    midnight_ms = NOON_MS // DAY_MS * DAY_MS
    user = PlainUser("u", midnight_ms + days * DAY_MS + DAY_MS - 1, dismissed={"a": midnight_ms})
    assert answer(user, Past("group", ("g",), DAY_MS, None), {"g": ["b", "a"]}) is expected
    assert not answer(user, Past("group", ("none",), None, None))


def test_days_since_nothing_are_missing() -> None:
    """Contract: a number that is missing is in no range."""
    every = 0, 2**62
    nobody = PlainUser("u", NOON_MS)
    looked = PlainUser("u", NOON_MS, past=[(NOON_MS - 5, "view", "i", "tea")])
    assert not answer(nobody, Between("days_since_event", *every))
    assert answer(looked, Between("days_since_event", 5, 5))
    assert not answer(looked, Between("days_since_purchase", *every))


def test_as_many_names_as_fill_the_table_are_told_apart() -> None:
    """Contract: also where no 16 bits of their hashes differ in all of them."""
    names = tuple(f"name-{number}" for number in range(3000))
    user = PlainUser("u", NOON_MS, past=[(NOON_MS, "view", "i", "name-2999")])
    assert answer(user, Past("category", names, None, None))
    assert not answer(user, Past("category", names[:-1], None, None))


def test_parts_of_the_users_are_as_large_as_they_say() -> None:
    """Contract: of one name they do not overlap; of another name they are drawn anew."""
    users = [PlainUser(f"u{number}", NOON_MS) for number in range(4000)]
    batch, hashes = batch_of(users)
    parts: list[Predicate] = [Between("part:x", 0, 2499), Between("part:x", 2500, 9999), Between("part:y", 0, 2499)]
    low, rest, other = Predicates.of(parts, {}).answers(Asked(batch, np.arange(4000), batch.header["as_of_ms"], hashes))
    assert (low ^ rest).all()
    assert 0.22 < low.mean() < 0.28
    assert 0.22 < other[low].mean() < 0.28
