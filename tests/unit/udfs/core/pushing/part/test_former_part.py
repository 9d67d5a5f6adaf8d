"""Parts of any version in front of states, and what is broken is found."""

from __future__ import annotations

import pytest

from tests.unit.udfs.core.pushing.part.test_push_part import GOLDEN, PART, STATE, USER
from tideline.schemas.errors import ConfigError
from tideline.udfs.core.pushing.part.former_part import is_broken, parted
from tideline.udfs.core.pushing.part.push_part import PushPart, decode_part, encode_part
from tideline.udfs.core.users.erased_mark import marked


def test_version_1_is_read() -> None:
    """Contract: its points with the coarse numbers nearest to theirs, activities by the low bits of their numbers."""
    former = (GOLDEN / "push_part_v1.bin").read_bytes()
    part, rest = parted(former + STATE)
    assert (decode_part(part), rest) == (PART, STATE)
    assert [size for size in range(1, len(former) + 1) if not is_broken(former[:size])] == [len(former)]


@pytest.mark.parametrize("rest", [b"", STATE, marked(5, b""), marked(5, STATE)])
def test_it_is_taken_off_whatever_stands_behind_it(rest: bytes) -> None:
    """Contract: nothing, a state, the mark of an erasure or both; a state without it is as it was."""
    data = encode_part(PART)
    assert parted(data + rest) == (data, rest)
    assert parted(rest) == (b"", rest)
    assert not is_broken(data + rest)


def test_a_part_that_is_cut_is_broken_and_one_of_another_version_ends_the_job() -> None:
    """Contract: at every length but the whole one; what stands behind it is looked at too."""
    for data in (encode_part(PART), encode_part(PushPart(USER, PART.points * 8))):
        assert [size for size in range(1, len(data) + 1) if not is_broken(data[:size])] == [len(data)]
        assert is_broken(data + STATE[:-1])
    with pytest.raises(ConfigError, match="pushes in user state of version 3"):
        is_broken(b"\xe4" + encode_part(PART)[1:])
