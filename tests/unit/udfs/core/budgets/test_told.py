"""What readers were told of standings, and what they are told again."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tideline.udfs.core.budgets.standing import Standing, encode_standing
from tideline.udfs.core.budgets.told import BEATS_MS, Told, moved

IN_ROUND = 20
BEFORE = Standing(3_200, 64_000, False, 6_400_000, 1, 3_200, 3_200, 7, 4)


@pytest.mark.parametrize(
    "change",
    [
        {"stopped": True},
        {"price": 3_301},
        {"price": 0},
        {"lease_ms": 6_199_999},
        {"spent_cents": 3_301},
        {"pending_cents": 2_999},
        {"offset": 64_000 + 2**24 // 300},
    ],
)
def test_a_standing_moves_by_what_readers_act_on(change: dict[str, Any]) -> None:
    assert moved(BEFORE, BEFORE._replace(**change))


def test_a_later_look_at_the_same_ledger_is_no_move() -> None:
    """Contract: nor is a change below a 32nd, another submission of the job, or the place in the topic."""
    later = BEFORE._replace(as_of_ms=2, epoch=8, version=5, price=3_299, offset=65_000, spent_cents=3_300)
    assert not moved(BEFORE, later)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.dictionaries(st.sampled_from("abcd"), st.integers(0, 90)), min_size=1, max_size=60), st.integers(0, 59)
)
def test_readers_know_where_everybody_stands(prices: list[dict[str, int]], restored_at: int) -> None:
    """Contract: to a 32nd, also of a learner that is restored; nobody is silent for longer than a round."""
    told, published = Told({}, 0, IN_ROUND), []
    kept: dict[str, bytes] = {}
    known: dict[str, Standing] = {}
    now = dict.fromkeys("abcd", Standing())
    for at, changes in enumerate(prices):
        if at == restored_at:
            told = Told(kept, told.turn, IN_ROUND)
        now |= {name: Standing(price) for name, price in changes.items()}
        due = dict(told.due(now.items()))
        kept |= {name: encode_standing(name, each) for name, each in due.items()}
        known |= due
        published.append(due.keys())
        assert not [name for name, each in now.items() if moved(known[name], each)]
    for first in range(len(prices) - IN_ROUND + 1):
        assert set().union(*published[first : first + IN_ROUND]) == set("abcd")


def test_a_restored_learner_takes_back_what_was_published_behind_its_state() -> None:
    """Contract: an activity that reopened and was stopped again meanwhile does not stay open to readers."""
    stopped = [("a", BEFORE._replace(stopped=True))]
    told = Told({}, 0, 0)
    kept = {name: encode_standing(name, each) for name, each in told.due(stopped)}
    assert told.due([("a", BEFORE)])  # lost with the learner, not with the topic
    restored = Told(kept, told.turn, 0)
    assert restored.due(stopped) == stopped
    assert restored.due(stopped) == []


def test_what_is_told_anyway_is_told() -> None:
    """Contract: it need not come again in the next publication; one that is forgotten is new."""
    told = Told({}, 0, 0)
    every = [("a", BEFORE), ("b", BEFORE)]
    assert told.tell(every) == every
    assert told.due(every) == []
    told.forget("b")
    assert told.due(every) == every[1:]


def test_readers_hear_once_a_minute_how_far_is_learned() -> None:
    """Contract: by one standing, in turn, where none moved; their leases count from it, also after a restart."""
    told = Told({}, 0, 0)

    def at(moment_ms: int) -> list[str]:
        due = told.due([(name, BEFORE._replace(as_of_ms=moment_ms)) for name in "ab"])
        kept.update({name: encode_standing(name, each) for name, each in due})
        return [name for name, _ in due]

    kept: dict[str, bytes] = {}
    assert at(0) == ["a", "b"]
    assert [at(BEATS_MS - 1), at(BEATS_MS), at(BEATS_MS + 1)] == [[], ["a"], []]
    assert at(2 * BEATS_MS) == ["b"]
    told = Told(kept, 0, 0)
    assert at(2 * BEATS_MS + 1) == ["a", "b"]
    assert at(3 * BEATS_MS) == []
    assert Told({}, 0, 0).due([]) == []
