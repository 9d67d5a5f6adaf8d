"""HASH_CODE of Flink SQL for text, by which the job's SQL finds a user's shard."""

from __future__ import annotations

_MASK = 0xFFFFFFFF
_C1, _C2 = 0xCC9E2D51, 0x1B873593
_F1, _F2 = 0x85EBCA6B, 0xC2B2AE35
_SEED = 42
_WORD = 4


def hash_code(text: bytes) -> int:
    """Return the signed hash: MurmurHash3 over words of 4 bytes, as BinaryStringData of Flink reckons it.

    Args:
        text: A multiple of 4 bytes; Flink treats a rest in its own way, which is not told here.

    Raises:
        ValueError: There is a rest.

    >>> hash_code(b"user"), hash_code(b"tideline")
    (-762444118, -445334548)
    """
    if len(text) % _WORD:
        raise ValueError(f"{len(text)} bytes; only multiples of {_WORD}")
    mixed = _SEED
    for at in range(0, len(text), _WORD):
        word = _rotated(int.from_bytes(text[at : at + _WORD], "little") * _C1 & _MASK, 15) * _C2 & _MASK
        mixed = (_rotated(mixed ^ word, 13) * 5 + 0xE6546B64) & _MASK
    mixed ^= len(text)
    mixed = (mixed ^ mixed >> 16) * _F1 & _MASK
    mixed = (mixed ^ mixed >> 13) * _F2 & _MASK
    mixed ^= mixed >> 16
    return mixed - (1 << 32) if mixed >> 31 else mixed


def _rotated(word: int, left: int) -> int:
    return (word << left | word >> (32 - left)) & _MASK
