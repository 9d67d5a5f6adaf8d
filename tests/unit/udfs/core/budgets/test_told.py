"""What readers were told of standings, and what they are told again."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tideline.udfs.core.budgets.standing import Standing, encode_standing
from tideline.udfs.core.budgets.told import Told, moved

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
def test_who_was_told_all_along_knows_what_a_restored_learner_tells(
    prices: list[dict[str, int]], restored_at: int
) -> None:
    """Contract: the same records as without a restart, and nobody is silent for longer than a round."""
    outcomes = []
    for is_restored in (False, True):
        told, found = Told({}, 0, IN_ROUND), []
        kept: dict[str, bytes] = {}
        now = dict.fromkeys("abcd", Standing())
        for at, changes in enumerate(prices):
            if is_restored and at == restored_at:
                told = Told(kept, told.turn, IN_ROUND)
            now |= {name: Standing(price) for name, price in changes.items()}
            due = told.due(now.items())
            kept |= {name: encode_standing(name, each) for name, each in due}
            found.append(due)
        outcomes.append(found)
    assert outcomes[0] == outcomes[1]
    for first in range(len(prices) - IN_ROUND + 1):
        some = outcomes[0][first : first + IN_ROUND]
        assert {name for each in some for name, _ in each} == set("abcd")


def test_what_is_told_anyway_is_told() -> None:
    """Contract: it need not come again in the next publication; one that is forgotten is new."""
    told = Told({}, 0, 0)
    every = [("a", BEFORE), ("b", BEFORE)]
    assert told.tell(every) == every
    assert told.due(every) == []
    told.forget("b")
    assert told.due(every) == every[1:]
