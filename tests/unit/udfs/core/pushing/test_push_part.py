"""What is kept for pushes in front of a user's state: golden bytes, and what is broken is found."""

from __future__ import annotations

import pytest

from tests.support.doc_pages import ROOT
from tideline.schemas.errors import ConfigError
from tideline.udfs.core.push.push_user import NOBODY, Push, PushUser
from tideline.udfs.core.pushing.push_part import (
    NO_PART,
    KeptPoint,
    PushPart,
    decode_part,
    encode_part,
    is_broken,
    parted,
)
from tideline.udfs.core.users.erased_mark import marked
from tideline.udfs.core.users.user_state import decode_states, encode_states

_USER = PushUser(
    5_940_000,
    20_784,
    2,
    1_795_000_000,
    bytes(range(90, 97)),
    (Push(20_780, 0, 77), Push(20_784, 0, 0xFFFF0001, failed=2), Push(20_784, 0, 5, also=True, failed=2)),
)
PART = PushPart(
    _USER,
    (
        KeptPoint(29_700_000, bytes(range(240, 256)), 3, 230, 1, 97),
        KeptPoint(29_701_440, bytes(range(16)), 0, 128, 0, 0),
    ),
)
(STATE,) = encode_states(decode_states([None], 0))


def test_the_bytes_are_those_of_the_golden_file() -> None:
    """Contract: version 1; of nothing there are none."""
    golden = (ROOT / "tests" / "golden" / "push_part_v1.bin").read_bytes()
    assert encode_part(PART) == golden
    assert decode_part(golden) == PART
    assert (encode_part(NO_PART), decode_part(b"")) == (b"", NO_PART)
    assert encode_part(PushPart(NOBODY, PART.points * 20)) == encode_part(PushPart(NOBODY, PART.points * 8))


@pytest.mark.parametrize("rest", [b"", STATE, marked(5, b""), marked(5, STATE)])
def test_it_is_taken_off_whatever_stands_behind_it(rest: bytes) -> None:
    """Contract: nothing, a state, the mark of an erasure or both; a state without it is as it was."""
    data = encode_part(PART)
    assert parted(data + rest) == (data, rest)
    assert parted(rest) == (b"", rest)
    assert not is_broken(data + rest)


def test_a_part_that_is_cut_is_broken_and_one_of_another_version_ends_the_job() -> None:
    """Contract: at every length but the whole one; what stands behind it is looked at too."""
    data = encode_part(PART)
    assert [size for size in range(1, len(data) + 1) if not is_broken(data[:size])] == [len(data)]
    assert is_broken(data + STATE[:-1])
    with pytest.raises(ConfigError, match="pushes in user state of version 9"):
        is_broken(data[:4] + b"\x09" + data[5:])
