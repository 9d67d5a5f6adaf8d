"""What is read from a savepoint's bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tideline.scripts.benchmarks.live.saved_states import saved_states, users_in

if TYPE_CHECKING:
    from pathlib import Path


def entry(user: str, value: bytes) -> bytes:
    """A value as Flink writes it."""
    text = bytes([len(user) + 1]) + user.encode()
    key = b"\x02\xc0" + b"\x00\x00\x00\x00\xa2\x05" + text + bytes([len(text)])
    framed = len(value).to_bytes(4, "big") + value
    return len(key).to_bytes(4, "big") + key + len(framed).to_bytes(4, "big") + framed


STATES = {"u-1": b"\x04" * 300, "u" * 64: b"\x00\x00\x00\x00\xa2\x05 within a state", "x": b"\0" * 9}


def test_every_user_is_found_with_his_bytes() -> None:
    """Contract: also a state that holds what a shard looks like; what stands around entries is passed over."""
    data = b"\0\0\x01head" + b"".join(entry(user, state) for user, state in STATES.items()) + b"\xff\xff\x00\x03"
    assert users_in(data) == list(STATES.items())


def test_the_files_of_a_savepoint_are_read_together_and_nobody_twice(tmp_path: Path) -> None:
    (tmp_path / "one").write_bytes(entry("u-1", b"one"))
    (tmp_path / "two").write_bytes(entry("u-2", b"two"))
    (tmp_path / "_metadata").write_bytes(b"nothing \x00\x00\x00\x00\xa2\x05 of ours")
    assert saved_states(tmp_path.as_uri()) == {"u-1": b"one", "u-2": b"two"}
    (tmp_path / "three").write_bytes(entry("u-2", b"again"))
    with pytest.raises(ValueError, match="user u-2 is there twice"):
        saved_states(str(tmp_path))
