"""What is measured in Redis is what the job would write."""

from __future__ import annotations

import json

import pytest

from tests.support.core_world import KEYS, NOON_MS
from tideline.scripts.benchmarks.live import memory
from tideline.scripts.benchmarks.live.traffic import LIST_SIZE, activities, user_name


def test_the_ranker_knows_the_activities_of_the_traffic() -> None:
    ranker = memory.make_ranker(KEYS, NOON_MS)
    assert ranker.offers.activities.keys() == {each.activity_id for each in activities(NOON_MS)}
    assert (ranker.settings.list_size, ranker.encoder.provider) == (LIST_SIZE, "cpu")


def test_everybody_gets_a_full_list_of_his_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Contract: made by the job's engine; as many lists as are measured, no user twice."""
    monkeypatch.setattr(memory, "LISTS", 40)
    monkeypatch.setattr(memory, "_AT_ONCE", 20)
    parts = list(memory._lists(memory.make_ranker(KEYS, NOON_MS), NOON_MS))
    users = [user for names, _ in parts for user in names]
    assert sorted(users) == sorted(user_name(number).encode() for number in range(40))
    for _, lists in parts:
        assert all(len(json.loads(payload)["i"]) == LIST_SIZE for payload in lists)
