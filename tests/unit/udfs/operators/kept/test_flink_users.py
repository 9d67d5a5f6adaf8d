"""What crosses the border to KeptUsers.java, against the layout that its comments state."""

from __future__ import annotations

import struct

from tideline.udfs.operators.kept.flink_users import packed, unpacked


def test_users_asked_for_are_shards_and_lengths_and_then_names() -> None:
    """Contract: lengths are of bytes, not of letters."""
    expected = struct.pack("<i4i", 2, 700, 3, -5, 4) + b"ann" + "ü\nx".encode()
    assert packed(["ann", "ü\nx"], [700, -5]) == expected


def test_users_told_of_have_a_state_each_and_are_new_or_not() -> None:
    expected = struct.pack("<i8i", 2, 700, 3, 5, 0, 3, 1, 0, 1) + b"annbstate"
    assert packed(["ann", "b"], [700, 3], [b"state", b""], [False, True]) == expected


def test_states_are_told_apart_from_none() -> None:
    """Contract: an empty one is one."""
    found = struct.pack("<4i", 3, -1, 0, 2) + b"abcde"
    assert unpacked(found, 4) == [b"abc", None, b"", b"de"]
    assert unpacked(b"", 0) == []
