"""The bytes of what is remembered of a user's screens."""

from __future__ import annotations

import random
from typing import TypeVar

import numpy as np
import pytest

from udfs.core.shown_state import (
    BOUGHT,
    MARK,
    REPORTED,
    Claim,
    Reward,
    ShownList,
    ShownState,
    decode_shown,
    encode_shown,
    marks_of,
    worth_of,
)

K = TypeVar("K")
V = TypeVar("V")


def _shuffled(part: dict[K, V], draw: random.Random) -> dict[K, V]:
    return dict(draw.sample(list(part.items()), len(part)))


def state(seed: int = 3) -> ShownState:
    draw = random.Random(seed)
    found = ShownState()
    for at in range(5):
        each = ShownList(10**12 + at, at, at, 1, seen=7, impressed=3, dismissed=2, first_click=1, cascade=75)
        found.lists[each.key] = each
    for slot in range(3):
        reward = Reward(10**12, 1, 0, 1, 3, 77 + slot, slot, 5, 10**12 + 5, 9, -4, -4, bytes(range(16)))
        found.rewards[reward.list_key, slot] = reward
    rewards = list(found.rewards.values())
    for number in range(4):
        holder = rewards[number % 3] if number else None
        found.claims[number] = Claim(number, 10**12 - number, 5, -(2**63), number % 2, holder)
    found.marks = {77: {8: 5, 4: 6}, 3: {0: 2**31 + 5}}
    found.lists = _shuffled(found.lists, draw)
    found.rewards = _shuffled(found.rewards, draw)
    found.claims = _shuffled(found.claims, draw)
    found.marks = _shuffled(found.marks, draw)
    return found


def test_what_is_written_comes_back() -> None:
    back = decode_shown(encode_shown(state()))
    one = state()
    assert back == one
    holders = [claim.holder for claim in back.claims.values() if claim.holder is not None]
    assert all(back.rewards[each.list_key, each.slot] is each for each in holders)


@pytest.mark.parametrize("seed", range(5))
def test_the_order_in_which_things_came_leaves_no_trace(seed: int) -> None:
    assert encode_shown(state(seed)) == encode_shown(state(3))


def test_a_page_of_ten_costs_as_much_as_one_of_its_entries() -> None:
    """Contract: 26 bytes a list, 74 a reward, 30 a claim, 12 a mark, 4 in all; nothing for nothing."""
    assert len(encode_shown(state())) == 4 + 5 * 26 + 3 * 74 + 4 * 30 + 3 * 12
    assert encode_shown(ShownState()) == b""
    assert decode_shown(b"") == ShownState()


def test_marks_are_read_without_the_rest() -> None:
    marks = np.frombuffer(marks_of(encode_shown(state())), MARK)
    assert marks.tolist() == [(3, 0, 2**31 + 5), (77, 4, 6), (77, 8, 5)]
    assert marks_of(b"") == b""


def test_the_golden_bytes_stay_as_they_are() -> None:
    """Contract: what a running job holds stays readable; a changed layout needs a new state version."""
    golden = ShownState()
    for seq in (5, 9):
        each = ShownList(1_697_000_000_000, 7, seq, 1, seen=3, impressed=1, dismissed=2, first_click=16, cascade=75)
        golden.lists[each.key] = each
    assert encode_shown(golden).hex() == (
        "02000000" + "000a151d8b01000007000000050000000100030001000200104b" + "000a151d8b01000007000000"
        "090000000100030001000200104b"
    )


def test_reports_rank_by_source_and_time_and_the_lower_worth() -> None:
    """Contract: values beat purchases; newest value, first purchase; at one moment the lower worth."""
    assert worth_of(REPORTED, 5, 1) > worth_of(BOUGHT, 9, 100)
    assert worth_of(REPORTED, 6, 1) > worth_of(REPORTED, 5, 9)
    assert worth_of(BOUGHT, 5, 1) > worth_of(BOUGHT, 6, 9)
    assert worth_of(REPORTED, 5, -3) > worth_of(REPORTED, 5, 9)
