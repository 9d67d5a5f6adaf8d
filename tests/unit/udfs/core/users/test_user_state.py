"""The bytes of a user's state."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tideline.udfs.core.profiles.kept_profile import MAX_PROFILE_STATE
from tideline.udfs.core.rewards.room import SHOWN_BYTES
from tideline.udfs.core.users.long_liked import FIELDS, KEPT
from tideline.udfs.core.users.times_seen import MAX_SEEN_NUMBERS
from tideline.udfs.core.users.user_state import (
    EVENT,
    HEADER,
    HISTORY,
    MAX_BYTES,
    STATE_VERSION,
    UserBatch,
    decode_states,
    encode_states,
)

GOLDEN = Path(__file__).parents[4] / "golden" / "state_v7.bin"
HIDDEN = 3


Size = tuple[int, int, int, int, int, bool]
"""Events, categories long liked, numbers of what was seen, bytes of a profile and of what was shown, has h."""


def batch_of(sizes: list[Size], seed: int, hidden: int = HIDDEN) -> UserBatch:
    """A batch of users of these sizes, every field random."""
    rng = np.random.default_rng(seed)
    batch = decode_states([None] * len(sizes), hidden)
    batch.header[:] = random_rows(rng, HEADER, len(sizes))
    batch.header["version"] = STATE_VERSION
    for at, (events, liked, seen, profile, shown, has_h) in enumerate(sizes):
        batch.header["n_history"][at] = events
        batch.header["encoder"][at] = 7 if has_h else 0
        batch.history[at, HISTORY - events :] = random_rows(rng, EVENT, events)
        batch.header["n_liked"][at] = liked
        batch.liked[at, :liked] = rng.integers(1, 2**32, (liked, FIELDS))
        batch.header["n_seen"][at] = seen
        batch.header["n_profile"][at] = profile
        batch.seen[at], batch.profiles[at], batch.shown[at] = rng.bytes(2 * seen), rng.bytes(profile), rng.bytes(shown)
        if has_h:
            batch.h[at] = rng.random(hidden, np.float32)
    return batch


def random_rows(rng: np.random.Generator, dtype: np.dtype[Any], count: int) -> NDArray[Any]:
    rows = np.frombuffer(rng.bytes(dtype.itemsize * count), dtype).copy()
    if "price" in (dtype.names or ()):
        rows["price"] = rng.random(count)  # random bytes hold NaN, which does not equal itself
    return rows


SIZES = st.lists(
    st.tuples(
        st.integers(0, HISTORY),
        st.integers(0, KEPT),
        st.integers(0, 194),
        st.integers(0, 216),
        st.integers(0, 64),
        st.booleans(),
    ),
    max_size=12,
)


@settings(max_examples=60, deadline=None)
@given(SIZES, st.integers(0, 2**32 - 1), st.data())
def test_any_batch_comes_back_as_it_was(sizes: list[Size], seed: int, data: st.DataObject) -> None:
    """Contract: every field of every user survives, whoever else is in the batch and whichever are read again."""
    batch = batch_of(sizes, seed)
    chosen = data.draw(st.lists(st.sampled_from(range(len(sizes))), unique=True)) if sizes else []
    written = encode_states(batch)
    states = [written[row] for row in chosen]
    back = decode_states(states, HIDDEN)
    for at, row in enumerate(chosen):
        for name in set(HEADER.names or ()) - {"h_len"}:
            assert back.header[name][at].tobytes() == batch.header[name][row].tobytes(), name
        assert back.history[at].tobytes() == batch.history[row].tobytes()
        assert back.liked[at].tobytes() == batch.liked[row].tobytes()
        assert back.h[at].tobytes() == batch.h[row].tobytes()
        assert back.profiles[at] == batch.profiles[row]
        assert (back.seen[at], back.shown[at]) == (batch.seen[row], batch.shown[row])
    assert encode_states(back) == states


def test_a_state_has_the_documented_size() -> None:
    """Contract: header 100, h 4 each (none where no encoder ran), event 28, category 12, number seen 2."""
    sizes = [(0, 0, 0, 0, 0, False), (5, 0, 0, 0, 0, False), (0, 1, 3, 0, 2, True), (31, 32, 194, 46, 64, True)]
    lengths = [len(state) for state in encode_states(batch_of(sizes, 1))]
    assert lengths == [100, 100 + 140, 100 + 12 + 12 + 6 + 2, 100 + 12 + 31 * 28 + 384 + 388 + 46 + 64]


def test_the_largest_state_is_the_documented_one() -> None:
    """Contract: with all that can be kept of a user, and four times the encoder's width."""
    (state,) = encode_states(batch_of([(HISTORY, KEPT, MAX_SEEN_NUMBERS, MAX_PROFILE_STATE, SHOWN_BYTES, True)], 5))
    assert len(state) - 4 * HIDDEN == MAX_BYTES + SHOWN_BYTES == 5_056


def test_the_golden_state_reads_as_what_it_was_written_from() -> None:
    """Contract: bytes that a running job holds stay readable; a changed layout needs a new version."""
    golden = GOLDEN.read_bytes()
    batch = decode_states([None, golden], HIDDEN)
    assert encode_states(batch)[1] == golden
    written = batch_of([(2, 3, 4, 31, 5, True)], 4)
    assert encode_states(written) == [golden]
    assert batch.profiles[1] == written.profiles[0] != b""
    assert (batch.seen[1], batch.shown[1]) == (written.seen[0], written.shown[0])
    assert batch.history[1].tobytes() == written.history[0].tobytes()
    assert batch.liked[1].tobytes() == written.liked[0].tobytes()
    assert batch.h[1].tobytes() == written.h[0].tobytes()


@pytest.mark.parametrize("version", [0, 6, 255])
def test_a_state_of_an_unknown_version_is_refused(version: int) -> None:
    state = encode_states(batch_of([(3, 0, 0, 0, 1, True)], 2))[0]
    with pytest.raises(ValueError, match=rf"version \[{version}\]; this build reads version 7"):
        decode_states([None, state, bytes([version]) + state[1:]], HIDDEN)


def test_h_of_another_length_reads_as_none_and_the_rest_as_it_is() -> None:
    """Contract: an encoder of another size finds no h to mistake for its own."""
    batch = batch_of([(4, 0, 7, 21, 2, True), (31, 9, 0, 0, 0, True)], 3)
    other = decode_states(encode_states(batch), HIDDEN + 1)
    assert other.header["encoder"].tolist() == [0, 0]
    assert not other.h.any()
    assert other.history.tobytes() == batch.history.tobytes()
    assert other.liked.tobytes() == batch.liked.tobytes()
    assert (other.seen, other.profiles, other.shown) == (batch.seen, batch.profiles, batch.shown)


def test_a_user_never_seen_is_all_zero() -> None:
    batch = decode_states([None], HIDDEN)
    header = batch.header
    assert (header["version"].tolist(), header["accepted"].tolist()) == ([STATE_VERSION], [0])
    assert (batch.seen, batch.profiles, batch.shown) == ([b""], [b""], [b""])
    assert not batch.liked.any()
