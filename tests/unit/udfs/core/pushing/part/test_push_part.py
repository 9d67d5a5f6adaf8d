"""What is kept for pushes in front of a user's state: golden bytes of each version, and what is broken is found."""

from __future__ import annotations

from contextlib import suppress

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.support.doc_pages import ROOT
from tideline.udfs.core.context import CONSTANT_X
from tideline.udfs.core.push.push_user import NOBODY, Push, PushUser
from tideline.udfs.core.pushing.part.coarse import coarse
from tideline.udfs.core.pushing.part.former_part import parted
from tideline.udfs.core.pushing.part.push_part import (
    MOST_POINTS,
    NO_PART,
    KeptPoint,
    PushPart,
    decode_part,
    encode_part,
    points_of,
    when_due,
)
from tideline.udfs.core.users.user_state import decode_states, encode_states

GOLDEN = ROOT / "tests" / "golden"
USER = PushUser(
    5_940_000,
    20_784,
    2,
    1_795_000_000,
    bytes(range(90, 97)),
    (Push(20_780, 0, 77), Push(20_784, 0, 5, also=True, failed=2), Push(20_784, 0, 0xFF0001, failed=2)),
)
PART = PushPart(
    USER,
    (
        KeptPoint(29_700_000, bytes([CONSTANT_X, *[241] * 4, *[247] * 5, *[252] * 5, 0]), 3, 230, 1),
        KeptPoint(29_701_440, bytes([CONSTANT_X, 0, 0, 4, 4, 4, 4, 9, 9, 9, 9, 9, 9, 15, 15, 15]), 0, 128, 0),
    ),
)
(STATE,) = encode_states(decode_states([None], 0))
_days = st.integers(0, 65_000)
_pushes = st.builds(
    Push, _days, st.integers(0, 99), st.sampled_from([0, 1, 77, 2**24 - 1]), st.booleans(), st.integers(0, 126)
)
_users = st.builds(
    PushUser,
    st.one_of(st.just(0), st.integers(1, 2**24)),
    _days,
    st.integers(0, 100),
    st.one_of(st.just(0), st.integers(1, 2**32 - 1)),
    st.binary(min_size=7, max_size=7),
    st.lists(_pushes, max_size=64).map(lambda some: tuple(sorted(some))),
)
_contexts = st.binary(min_size=16, max_size=16).map(lambda x: coarse(np.frombuffer(x, np.int8)[None].copy()).tobytes())
_points = st.builds(
    KeptPoint,
    st.integers(1, 2**24).map(lambda bucket: bucket * 5),
    _contexts,
    st.integers(0, 7),
    st.integers(1, 255),
    st.integers(0, 1),
)


def test_the_bytes_are_those_of_the_golden_file() -> None:
    """Contract: version 2; of nothing there are none."""
    golden = (GOLDEN / "push_part_v2.bin").read_bytes()
    assert encode_part(PART) == golden
    assert decode_part(golden) == PART
    assert (encode_part(NO_PART), decode_part(b"")) == (b"", NO_PART)
    assert encode_part(PushPart(NOBODY, PART.points * 20)) == encode_part(PushPart(NOBODY, PART.points * 8))


@given(_users, st.lists(_points, max_size=MOST_POINTS).map(tuple))
def test_all_that_may_be_known_is_read_back(user: PushUser, points: tuple[KeptPoint, ...]) -> None:
    """Contract: whatever order times are in; it says how long it is."""
    data = encode_part(PushPart(user, points))
    assert decode_part(data) == PushPart(user, points)
    assert points_of(data) == points
    assert when_due(data) == user._replace(codes=NOBODY.codes, pushes=())
    assert parted(data + STATE) == (data, STATE)


@given(st.binary(max_size=40))
def test_bytes_that_are_none_of_ours_are_read_to_an_end_or_refused(data: bytes) -> None:
    """Contract: nothing that is as long as it says takes more than its bytes' time."""
    whole = b"\xe3" + bytes([len(data)]) + data
    with suppress(IndexError, ValueError, OverflowError):
        assert len(decode_part(whole).user.codes) == 7
