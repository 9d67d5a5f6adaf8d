"""Messages as bits."""

from __future__ import annotations

from tideline.udfs.core.push.push_user import Push
from tideline.udfs.core.pushing.part.bits import BitsReader, BitsWriter
from tideline.udfs.core.pushing.part.sent_bits import read_pushes, write_pushes

TAGS = 0xF00001, 0xF00003, 0xF00008


def written(*pushes: Push) -> int:
    """Return how many bytes pushes take, having read them back."""
    bits = BitsWriter()
    write_pushes(bits, pushes, 20_010)
    assert read_pushes(BitsReader(bits.data()), 20_010) == tuple(sorted(pushes))
    return len(bits.data())


def test_the_same_activities_in_each_message_take_a_byte_or_less_each() -> None:
    """Contract: an activity takes three bytes once."""
    every = [Push(20_000 + 3 * at, 0, tag, also=tag % 2 > 0) for at in range(4) for tag in TAGS]
    once = written(*every[:3])
    assert once <= 12
    assert written(*every) <= once + 3 * 3


def test_messages_that_are_not_plain_are_read_back() -> None:
    """Contract: failed, several of a day, of days to come, none on top or two, of one activity twice."""
    written()
    written(Push(20_020, 3, 0, failed=9))
    written(Push(1, 0, 5, also=True), Push(1, 0, 6, also=True), Push(20_010, 99, 5), Push(20_010, 99, 6))
    written(*(Push(20_001, 0, tag, also=tag > 1, failed=tag % 3) for tag in range(1, 9)), Push(20_001, 0, 1, failed=2))
