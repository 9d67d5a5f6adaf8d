"""How far a shard has come with telling its users, and the bytes that say so."""

from __future__ import annotations

import pytest

from tideline.schemas.errors import ConfigError
from tideline.udfs.core.serving.renewal.roll import Roll, decode_roll, encode_roll, looked


def test_what_was_open_at_first_is_told_to_nobody() -> None:
    """Contract: a shard begins with what there is; the next opening is told, and none before it."""
    first = looked(None, 4, 5)
    assert not first.running
    assert not looked(first, 5, 5).running
    assert not looked(first, 4, 4).running
    assert looked(first, 6, 6) == Roll(6, 6, 0)


def test_no_opening_is_told_twice() -> None:
    """Contract: once all know, only a later one begins; one that comes meanwhile begins at once."""
    running = looked(looked(None, 5, 5), 6, 6)
    assert looked(running, 6, 6) == running
    assert looked(running, 7, 7) == Roll(7, 7, 0)
    ended = running.ended()
    assert not ended.running
    assert not looked(ended, 6, 6).running
    assert looked(ended, 7, 7) == Roll(7, 7, 6)


def test_state_bytes_stay_those_of_version_1() -> None:
    """Contract: the golden bytes of the layout; another version ends the job with a line that names it."""
    golden = bytes.fromhex("010068e5cf8b0100000168e5cf8b010000ffffffffffffffff")
    roll = Roll(1_700_000_000_000, 1_700_000_000_001, -1)
    assert encode_roll(roll) == golden
    assert decode_roll(golden) == roll
    with pytest.raises(ConfigError, match="openings of version 02"):
        decode_roll(b"\2" + golden[1:])
