"""Stories with real pages, told in order and out of order."""

from __future__ import annotations

import numpy as np
import pytest

from tests.support.core_world import ArithmeticEncoder
from tideline.schemas.events import VISITOR_TYPES, EventType
from tideline.scripts.benchmarks.offline.stories import compare, disorder, story, tell


@pytest.mark.parametrize("seed", range(2))
def test_stories_with_pages_of_ten_end_the_same_in_any_order(seed: int) -> None:
    """Contract: 0 lists and 0 sums differ where every event is overtaken by at most 30, repeats and batch cuts free."""
    stories = {f"u{number}": story(f"u{number}", 100 * seed + number) for number in range(5)}
    found, events = compare(stories, seed, ArithmeticEncoder(version=1))
    assert events > 300
    assert found == {"lists": 0, "sums": 0}


def test_the_stories_have_what_a_shop_has() -> None:
    """Contract: more than 64 entries, something done twice, conversions and purchases; learned from in the end."""
    events = [event for number in range(20) for event in story("u", number)]
    kinds = [event.type for event in events]
    assert max(sum(each.type == EventType.IMPRESSION for each in story("u", number)) for number in range(20)) > 64
    assert all(kind in kinds for kind in VISITOR_TYPES)
    counted = tell([[event] for event in story("u", 3)], ArithmeticEncoder(version=1)).user_sums()
    totals = [sum(each[part] for each in counted.values()) for part in range(5)]
    assert totals[0] > 0
    assert totals[1] > 0


def test_disorder_moves_and_repeats_and_loses_nothing() -> None:
    """Contract: no event is overtaken by more than 30."""
    events = story("u", 5)
    moved = disorder(events, np.random.default_rng(1))
    assert set(moved) == set(events)
    assert len(moved) > len(events)
    place = {event.event_id: at for at, event in enumerate(events)}
    first = list(dict.fromkeys(event.event_id for event in moved))
    assert first != [event.event_id for event in events]
    for at, name in enumerate(first):
        assert sum(place[other] > place[name] for other in first[:at]) <= 30
