"""The bytes of a user's state."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from udfs.core.user_state import EVENT, HEADER, HISTORY, SHOWN, UserBatch, decode_states, encode_states

GOLDEN = {version: Path(__file__).parents[2] / "golden" / f"state_v{version}.bin" for version in (1, 2, 3)}
HIDDEN = 3


def batch_of(sizes: list[tuple[int, int, bool]], seed: int, hidden: int = HIDDEN) -> UserBatch:
    """A batch of users with (events, shown rows, has h) each, every field random."""
    rng = np.random.default_rng(seed)
    batch = decode_states([None] * len(sizes), hidden)
    batch.header[:] = random_rows(rng, HEADER, len(sizes))
    batch.header["version"] = 3
    for at, (events, shown, has_h) in enumerate(sizes):
        batch.header["n_history"][at] = events
        batch.header["encoder"][at] = 7 if has_h else 0
        batch.history[at, HISTORY - events :] = random_rows(rng, EVENT, events)
        batch.shown[at] = random_rows(rng, SHOWN, shown).tobytes()
        if has_h:
            batch.h[at] = rng.random(hidden, np.float32)
    return batch


def random_rows(rng: np.random.Generator, dtype: np.dtype[Any], count: int) -> NDArray[Any]:
    rows = np.frombuffer(rng.bytes(dtype.itemsize * count), dtype).copy()
    if "price" in (dtype.names or ()):
        rows["price"] = rng.random(count)  # random bytes hold NaN, which does not equal itself
    return rows


SIZES = st.lists(st.tuples(st.integers(0, HISTORY), st.integers(0, 64), st.booleans()), max_size=12)


@settings(max_examples=60, deadline=None)
@given(SIZES, st.integers(0, 2**32 - 1), st.data())
def test_any_batch_comes_back_as_it_was(sizes: list[tuple[int, int, bool]], seed: int, data: st.DataObject) -> None:
    """Contract: every field of every user survives, whoever else is in the batch and whichever rows are written."""
    batch = batch_of(sizes, seed)
    chosen = data.draw(st.lists(st.sampled_from(range(len(sizes))), unique=True)) if sizes else []
    states = encode_states(batch, np.array(chosen, np.int64))
    back = decode_states(states, HIDDEN)
    for at, row in enumerate(chosen):
        for name in set(HEADER.names or ()) - {"n_shown", "h_len"}:
            assert back.header[name][at].tobytes() == batch.header[name][row].tobytes(), name
        assert back.history[at].tobytes() == batch.history[row].tobytes()
        assert back.h[at].tobytes() == batch.h[row].tobytes()
        assert back.shown[at] == batch.shown[row]
    assert encode_states(back, np.arange(len(chosen))) == states


def test_a_state_has_the_documented_size() -> None:
    """Contract: header 56, h 4 each, event 28, shown row 58 bytes; no h where no encoder ran."""
    sizes = [(0, 0, False), (5, 0, False), (0, 2, True), (31, 64, True)]
    lengths = [len(state) for state in encode_states(batch_of(sizes, 1), np.arange(4))]
    assert lengths == [56, 56 + 140, 56 + 12 + 116, 56 + 12 + 31 * 28 + 64 * 58]


@pytest.mark.parametrize("version", [1, 2, 3])
def test_today_reads_each_golden_state_and_writes_the_newest(version: int) -> None:
    """Contract: bytes that a running job holds stay readable; a changed layout needs a new version."""
    golden = GOLDEN[version].read_bytes()
    batch = decode_states([None, golden], 2)
    header = batch.header[1]
    numbers = {name: int(header[name]) for name in HEADER.names or () if name != "x"}
    assert numbers == {
        "version": 3, "n_history": 2, "n_shown": 1, "h_len": 2, "encoder": 258, "rate_count": 3, "accepted": 70_000,
        "seq": 70_001, "purchases": 9, "rate_second": 1_700_000_000, "as_of_ms": 1_700_000_000_123,
        "quarantined_until_ms": -2,
    }  # fmt: skip
    assert header["x"].tolist() == list(range(-8, 8))
    assert batch.h[1].tolist() == [0.5, -0.25]
    assert batch.history[1, -2:].tolist() == [
        (1_700_000_000_000, 2**63 + 1, 4_000_000_000, 17, 0, 0, 0.0),
        (1_700_000_000_123, 5, 0, 3_000_000_000, 3, 255, 1.5),
    ]
    assert not batch.history[1, :-2].view(np.uint8).any()
    shown = np.frombuffer(batch.shown[1], SHOWN)[0]
    assert {name: int(shown[name]) for name in SHOWN.names or () if name != "x"} == {
        "as_of_ms": 1_699_999_999_999, "shown_ms": 1_700_000_000_001,
        "reward_ms": 0 if version == 1 else 1_700_000_000_456, "seq": 69_999, "activity": 3_999_999_999,
        "revenue_cents": -5, "generation": 1, "encoder": 258, "overlooked": 9 if version == 3 else 0,
        "flags": 3 if version == 1 else 37,
    }  # fmt: skip
    assert shown["x"].tolist() == list(range(8, -8, -1))
    assert version < 3 or encode_states(batch, np.array([1])) == [golden]


def test_a_state_of_a_former_version_is_of_the_newest_once_written() -> None:
    """Contract: all versions may be in one batch; what a former one did not hold reads as not there."""
    states = [golden.read_bytes() for golden in GOLDEN.values()]
    written = encode_states(decode_states(states, 2), np.arange(3))
    assert [state[0] for state in written] == [3, 3, 3]
    assert [len(new) - len(old) for new, old in zip(written, states, strict=True)] == [8, 0, 0]
    assert written[2] == states[2]
    assert encode_states(decode_states(written, 2), np.arange(3)) == written


@pytest.mark.parametrize("version", [0, 4, 255])
def test_a_state_of_an_unknown_version_is_refused(version: int) -> None:
    state = encode_states(batch_of([(3, 1, True)], 2), np.array([0]))[0]
    with pytest.raises(ValueError, match=rf"version \[{version}\]; this build reads versions 1 to 3"):
        decode_states([None, state, bytes([version]) + state[1:]], HIDDEN)


def test_h_of_another_length_reads_as_none_and_the_rest_as_it_is() -> None:
    """Contract: an encoder of another size finds no h to mistake for its own."""
    batch = batch_of([(4, 2, True), (31, 0, True)], 3)
    other = decode_states(encode_states(batch, np.arange(2)), HIDDEN + 1)
    assert other.header["encoder"].tolist() == [0, 0]
    assert not other.h.any()
    assert other.history.tobytes() == batch.history.tobytes()
    assert other.shown == batch.shown


def test_a_user_never_seen_is_all_zero() -> None:
    batch = decode_states([None], HIDDEN)
    assert (batch.header["version"].tolist(), batch.header["accepted"].tolist(), batch.shown) == ([3], [0], [b""])
