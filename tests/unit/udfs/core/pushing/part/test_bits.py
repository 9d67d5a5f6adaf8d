"""Numbers in as few bits as they need."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tideline.udfs.core.pushing.part.bits import BitsReader, BitsWriter

_NUMBERS = st.lists(st.tuples(st.integers(-(2**40), 2**40), st.integers(0, 20)), max_size=30)


@given(_NUMBERS)
def test_numbers_are_read_back_in_their_order(some: list[tuple[int, int]]) -> None:
    """Contract: of any size and sign, with any low bits; behind the last there are zeros."""
    bits = BitsWriter()
    for value, low in some:
        bits.signed(value, low)
        bits.number(abs(value), low)
        bits.fixed(abs(value) & 7, 3)
    reader = BitsReader(bits.data())
    for value, low in some:
        assert (reader.signed(low), reader.number(low), reader.fixed(3)) == (value, abs(value), abs(value) & 7)
    assert (reader.fixed(9), reader.number(), reader.signed(4)) == (0, 0, 0)


def test_a_number_takes_what_the_code_says() -> None:
    """Contract: as in bits.py, by hand: 5 with one low bit is 2 + 1 in binary behind one one and a zero, then 1."""
    bits = BitsWriter()
    bits.number(5, 1)
    assert bits.data() == bytes([0b1_1_01])
    small = BitsWriter()
    for _ in range(8):
        small.number(0)
    assert small.data() == b""
    assert BitsReader(b"").number() == 0
