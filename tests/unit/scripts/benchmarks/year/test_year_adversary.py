"""The adversary who knows the code."""

from __future__ import annotations

import zlib

from tideline.scripts.benchmarks.year.year_adversary import twin


def test_a_twin_is_another_id_with_the_same_checksum() -> None:
    """The adversary's ids have letters only and collide in all 32 bits."""
    for name in ("a00001", "a04711", "z"):
        other = twin(name)
        assert other != name
        assert other.isalpha()
        assert zlib.crc32(other.encode()) == zlib.crc32(name.encode())
