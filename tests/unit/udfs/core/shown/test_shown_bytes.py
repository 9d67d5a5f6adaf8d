"""The bytes of what is remembered of a user's screens."""

from __future__ import annotations

import random
from typing import TypeVar

import numpy as np
import pytest

from tideline.udfs.core.shown.shown_bytes import (
    DISMISSAL,
    USE,
    decode_shown,
    encode_shown,
    marks_of,
    most_bytes,
    shown_fits,
    shown_size,
)
from tideline.udfs.core.shown.shown_state import NO_VALUE, Claim, Reward, ShownList, ShownState

K = TypeVar("K")
V = TypeVar("V")


def _shuffled(part: dict[K, V], draw: random.Random) -> dict[K, V]:
    return dict(draw.sample(list(part.items()), len(part)))


def state(seed: int = 3) -> ShownState:
    draw = random.Random(seed)
    found = ShownState()
    for at in range(5):
        each = ShownList((1, 10**12 + at, at), at, seen=7, impressed=3, dismissed=2, spent=at)
        found.lists[each.key] = each
    found.lists[1, 10**12 + 4, 4].first_click, found.lists[1, 10**12 + 4, 4].cascade = 1, 75
    former = ShownList((1, 10**11, 9), 2**32 - 1)
    for page in (former, found.lists[1, 10**12, 0]):
        page.encoder, page.x = 3, bytes(range(16))
    for slot, page in enumerate((former, former, found.lists[1, 10**12, 0])):
        found.rewards[page.key, slot] = Reward(page, slot, 77 + slot, 5, 10**12 + 5)
    rewards = list(found.rewards.values())
    rewards[1].told_ms, rewards[1].told_milli, rewards[1].counted_milli = 2**48 - 1, -(10**12), 10**12
    for number in range(4):
        holder = rewards[number % 3] if number > 1 else None
        worth = (NO_VALUE, -4)[number % 2]
        found.claims[number] = Claim(number, 10**12 - number, 5, worth, number % 2, holder, number == 1)
    found.uses = {77: {8: 5, 4: 6}}
    found.dismissed = {3: 2**16 - 1}
    for name in ("lists", "rewards", "claims", "uses"):
        setattr(found, name, _shuffled(getattr(found, name), draw))
    return found


def test_what_is_written_comes_back() -> None:
    back = decode_shown(encode_shown(state()))
    one = state()
    assert back == one
    holders = [claim.holder for claim in back.claims.values() if claim.holder is not None]
    assert all(back.rewards[each.page.key, each.slot] is each for each in holders)


@pytest.mark.parametrize("seed", range(5))
def test_the_order_in_which_things_came_leaves_no_trace(seed: int) -> None:
    assert encode_shown(state(seed)) == encode_shown(state(3))


SIZES = 9 + 5 * 18 + 16 + 2 * 19 + 3 * 13 + 19 + 5 * 9 + 4 * 25 + 2 * 12 + 6


def test_a_page_of_ten_costs_as_much_as_one_of_its_entries() -> None:
    """Contract: the sizes that shown_bytes.py names; nothing for nothing."""
    assert len(encode_shown(state())) == shown_size(state()) == SIZES <= most_bytes(state())
    assert encode_shown(ShownState()) == b""
    assert decode_shown(b"") == ShownState()


def test_marks_are_read_without_the_rest() -> None:
    uses, dismissals = marks_of(encode_shown(state()))
    assert np.frombuffer(uses, USE).tolist() == [(77, 4, 6), (77, 8, 5)]
    assert np.frombuffer(dismissals, DISMISSAL).tolist() == [(3, 2**16 - 1)]
    assert marks_of(b"") == (b"", b"")


def test_bytes_that_name_what_is_not_there_do_not_fit() -> None:
    """Contract: whatever byte of a state was changed, it is found or reads as some other state."""
    data = encode_shown(state())
    assert shown_fits(data)
    refused = 0
    for at in range(len(data)):
        for value in (0, 7, 127, 255):
            broken = data[:at] + bytes([value]) + data[at + 1 :]
            if shown_fits(broken):
                encode_shown(decode_shown(broken))
            else:
                refused += 1
    assert refused > 40


def test_the_golden_bytes_stay_as_they_are() -> None:
    """Contract: what a running job holds stays readable; a changed layout needs a new state version."""
    golden = ShownState()
    for seq in (5, 9):
        each = ShownList((1, 1_697_000_000_000, seq), 7, seen=3, impressed=3 if seq == 5 else 1, dismissed=seq - 5)
        golden.lists[each.key] = each
    assert encode_shown(golden).hex() == (
        "0200000000010000008b01000a151d0500000001000700000003008b01000a151d090000000100070000000300010200040000001000"
    )
