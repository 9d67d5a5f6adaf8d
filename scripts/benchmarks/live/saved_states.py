"""The users in a savepoint: what the ranker keeps of each, read from the files that Flink has written.

Flink's own reader is for Java. In a savepoint, a value of a user is the length of its key and the key (the key group,
the shard as a row and its length, the user as a text and its length), then the length of the value, and the bytes as
PyFlink pickles them, behind their own length.
"""

from __future__ import annotations

import pickle
import re
from pathlib import Path
from urllib.parse import urlparse

_PICKLED = re.compile(rb"\x80\x04\x95")
_KEY_GROUP, _ROW = 2, 5
_INT = 4
_LONGEST_USER = 126


def saved_states(savepoint: str) -> dict[str, bytes]:
    """Return the state of each user in a savepoint in canonical format, of users whose ids are ASCII and no longer.

    Raises:
        ValueError: a user is there twice.
    """
    found: dict[str, bytes] = {}
    for path in sorted(Path(urlparse(savepoint).path).iterdir()):
        for user, state in users_in(path.read_bytes()):
            if user in found:
                raise ValueError(f"user {user} is there twice")
            found[user] = state
    return found


def users_in(data: bytes) -> list[tuple[str, bytes]]:
    """Return (user, state) of each user in the bytes of a file, in their order."""
    found = []
    for match in _PICKLED.finditer(data):
        at = match.start()
        length = _int_at(data, at - _INT)
        user = _user_before(data, at - 2 * _INT)
        if user is not None and _int_at(data, at - 2 * _INT) == length + _INT:
            state = pickle.loads(data[at : at + length])  # noqa: S301 - our own job wrote it
            found.append((user, bytes(state)))
    return found


def _user_before(data: bytes, end: int) -> str | None:
    """Return the user of a key that ends there: his bytes stand between one more than their number and the same."""
    length = data[end - 1] - 1 if end > 0 else 0
    text = end - 1 - length
    key = text - 2 - _ROW - _KEY_GROUP
    if not 0 < length <= _LONGEST_USER or key < _INT or data[text - 1] != length + 1 or data[text - 2] != _ROW:
        return None
    return data[text : end - 1].decode("ascii", "replace") if _int_at(data, key - _INT) == end - key else None


def _int_at(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + _INT], "big") if at >= 0 else -1
