"""Hashes that state and models are written with."""

from __future__ import annotations

from tideline.udfs.core.hashing import activity_hash, hash32, hash64, hashes32, hashes64


def test_hashes_are_the_published_algorithms() -> None:
    assert hash32("123456789") == 0xCBF43926  # the check value of CRC-32
    assert hash32("") == 0
    assert hash64("") == int.from_bytes(bytes.fromhex("e4a6a0577479b2b4"), "little")


def test_many_texts_are_hashed_as_one() -> None:
    texts = ["", "a", "naïve", "e" * 300]
    assert hashes64(texts).tolist() == [hash64(text) for text in texts]
    assert hashes64([]).tolist() == []
    assert hashes32([*texts, None]).tolist() == [*(hash32(text) for text in texts), 0]
    assert hashes32([]).tolist() == []


def test_the_number_of_an_activity_is_no_check_sum() -> None:
    """Contract: stored, so it stays what it is: 4 bytes of BLAKE2b."""
    assert activity_hash("c08-0042") == 0x20FD1C37
