"""HASH_CODE of Flink SQL for text, backwards: a user whose hash is the wanted one."""

from __future__ import annotations

from itertools import count

_MASK = 0xFFFFFFFF
_C1, _C2 = 0xCC9E2D51, 0x1B873593
_C1_BACK, _C2_BACK = pow(_C1, -1, 1 << 32), pow(_C2, -1, 1 << 32)
_F1, _F2 = 0x85EBCA6B, 0xC2B2AE35
_SEED = 42
INT_MIN = -(2**31)


def user_with_hash(wanted: int) -> str:
    """Return a user id of 12 letters and digits whose hash is the wanted one: the last 4 are solved for."""
    final = wanted & _MASK
    final ^= final >> 16
    final = final * pow(_F2, -1, 1 << 32) & _MASK
    final ^= final >> 13 ^ final >> 26
    final = final * pow(_F1, -1, 1 << 32) & _MASK
    final = (final ^ final >> 16) ^ 12
    for number in count():
        head = b"%08d" % number
        mixed = _mix(_mix(_SEED, int.from_bytes(head[:4], "little")), int.from_bytes(head[4:], "little"))
        tail = _word_between(mixed, final).to_bytes(4, "little")
        if tail.isalnum():
            return (head + tail).decode()
    raise AssertionError("unreachable")


def _mix(mixed: int, word: int) -> int:
    word = _rotated(word * _C1 & _MASK, 15) * _C2 & _MASK
    return (_rotated(mixed ^ word, 13) * 5 + 0xE6546B64) & _MASK


def _word_between(before: int, after: int) -> int:
    rotated = (after - 0xE6546B64) * pow(5, -1, 1 << 32) & _MASK
    word = (_rotated(rotated, 19) ^ before) * _C2_BACK & _MASK
    return _rotated(word, 17) * _C1_BACK & _MASK


def _rotated(word: int, left: int) -> int:
    return (word << left | word >> (32 - left)) & _MASK
