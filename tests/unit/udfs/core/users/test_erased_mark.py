"""Up to when a user was erased, in front of his state."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.support.core_world import NOON_MS, ArithmeticEncoder
from tests.support.engine_runs import ranking_world, run, story_of
from tideline.udfs.core.users.erased_mark import ERASED_MARK, MARK_BYTES, marked, unmarked
from tideline.udfs.core.users.state_check import is_malformed
from tideline.udfs.core.users.user_state import STATE_VERSION, clear, decode_states, encode_states

GOLDEN = Path(__file__).parents[4] / "golden"
STATE = run([story_of("u", 40, np.random.default_rng(5))], ranking_world(ArithmeticEncoder())).states["u"]


def test_nine_bytes_are_all_that_is_left_of_an_erased_user() -> None:
    """Contract: golden bytes; no state begins as they do."""
    batch = decode_states([STATE, STATE], 0)
    clear(batch, 0, NOON_MS)
    erased, other = encode_states(batch)
    assert erased == (GOLDEN / "erased_mark_v1.bin").read_bytes() == marked(NOON_MS, b"")
    assert other == encode_states(decode_states([STATE], 0))[0]
    assert STATE_VERSION < ERASED_MARK
    assert decode_states([erased], 0).erased_ms.tolist() == [NOON_MS]


def test_who_came_back_has_a_state_behind_it() -> None:
    """Contract: all of it is read as without the mark, in one batch with users who were never erased."""
    hidden = 0
    users = decode_states([STATE, marked(NOON_MS, STATE), None, marked(7, b"")], hidden)
    assert users.erased_ms.tolist() == [0, NOON_MS, 0, 7]
    assert np.array_equal(users.header[0], users.header[1])
    plain, back, _, stub = encode_states(users)
    assert (back, stub) == (marked(NOON_MS, plain), marked(7, b""))
    assert unmarked(back) == (NOON_MS, plain)


@pytest.mark.parametrize(
    ("state", "malformed"),
    [
        (marked(5, b""), False),
        (marked(5, STATE), False),
        (marked(5, b"")[:-1], True),
        (bytes([ERASED_MARK]), True),
        (marked(5, STATE[:-1]), True),
        (marked(5, STATE[:MARK_BYTES]), True),
    ],
)
def test_a_broken_one_is_found(state: bytes, malformed: bool) -> None:
    """Contract: a broken state costs its user alone his past; a mark without a state is whole."""
    assert is_malformed(state) == malformed
