"""The bytes of what is remembered of a user's screens."""

from __future__ import annotations

import numpy as np

from tests.support.plain_shown import ShownState, encode_shown, read_all, some_state
from tideline.udfs.core.shown.remembered import Remembered
from tideline.udfs.core.shown.shown_bytes import DISMISSAL, USE, find_row, joined, marks_of, shown_fits, split
from tideline.udfs.core.shown.shown_state import ShownList


def test_parts_that_are_split_are_joined_to_the_same_bytes() -> None:
    """Contract: nothing for nothing."""
    assert joined(split(encode_shown(some_state()))) == encode_shown(some_state())
    assert joined([b""] * 9) == b""


def test_a_row_is_found_only_where_a_row_begins() -> None:
    assert [find_row(b"abcabdbbd", 3, start) for start in (b"ab", b"abd", b"bd", b"bb", b"cab", b"")] == [
        0,
        3,
        -1,
        6,
        -1,
        0,
    ]


def test_marks_are_read_without_the_rest() -> None:
    uses, dismissals = marks_of(encode_shown(some_state()))
    assert np.frombuffer(uses, USE).tolist() == [(77, 4, 6), (77, 8, 5)]
    assert np.frombuffer(dismissals, DISMISSAL).tolist() == [(3, 2**16 - 1)]
    assert marks_of(b"") == (b"", b"")


def test_bytes_that_name_what_is_not_there_do_not_fit() -> None:
    """Contract: whatever byte of a state was changed, it is found or reads as some other state."""
    data = encode_shown(some_state())
    assert shown_fits(data)
    refused = 0
    for at in range(len(data)):
        for value in (0, 7, 127, 255):
            broken = data[:at] + bytes([value]) + data[at + 1 :]
            if shown_fits(broken):
                touched = Remembered(broken)
                assert touched.encode() == broken
                read_all(touched)
                touched.encode()
            else:
                refused += 1
    assert refused > 40


def test_the_golden_bytes_stay_as_they_are() -> None:
    """Contract: what a running job holds stays readable; a changed layout needs a new state version."""
    golden = ShownState()
    for seq in (5, 9):
        each = ShownList((1, 1_697_000_000_000, seq, 0), 7, seen=3, impressed=3 if seq == 5 else 1, dismissed=seq - 5)
        golden.lists[each.key] = each
    assert encode_shown(golden).hex() == (
        "0200000000010000008b01000a151d0500000001000700000003008b01000a151d090000000100070000000300010200040000001000"
    )


def test_the_golden_bytes_of_placements_stay_as_they_are() -> None:
    """Contract: a list of a placement differs from the default one of its version in the upper bits of the time."""
    golden = ShownState()
    for placement in (0, 1, 63):
        each = ShownList((1, 1_697_000_000_000, 5, placement), 7, seen=1, impressed=1)
        golden.lists[each.key] = each
    counts, rest = "03" + "00" * 8, "000a151d05000000010007000000" + "0100"
    assert encode_shown(golden).hex() == f"{counts}8b01{rest}8b05{rest}8bfd{rest}"
    assert Remembered(encode_shown(golden)).lists.keys() == sorted(golden.lists)
