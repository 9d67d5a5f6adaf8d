"""The users in a savepoint: what the ranker keeps of each, read from the files that Flink has written.

Flink's own reader is for Java. In a savepoint, an entry of a map state is the length of its key and the key (the key
group, the shard as a row, nothing for the namespace, the user as a text), then the length of its value, a zero for "not
null", and the bytes as PyFlink pickles them, behind their own length.
"""

from __future__ import annotations

import pickle
import re
from pathlib import Path
from urllib.parse import urlparse

_PICKLED = re.compile(rb"\x80\x04\x95")
_BEFORE_USER = 8
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
    """Return (user, state) of each entry of the ranker's map in the bytes of a file, in their order."""
    found = []
    for match in _PICKLED.finditer(data):
        at = match.start()
        length = _int_at(data, at - _INT)
        user = _user_before(data, at - 2 * _INT - 1)
        if user is not None and data[at - _INT - 1] == 0 and _int_at(data, at - 2 * _INT - 1) == length + _INT + 1:
            state = pickle.loads(data[at : at + length])  # noqa: S301 - our own job wrote it
            found.append((user, bytes(state)))
    return found


def _user_before(data: bytes, end: int) -> str | None:
    for length in range(1, min(_LONGEST_USER, end - 1) + 1):
        start = end - length
        if data[start - 1] == length + 1:
            key = start - 1 - _BEFORE_USER
            if key >= _INT and _int_at(data, key - _INT) == _BEFORE_USER + 1 + length:
                return data[start:end].decode("ascii", "replace")
    return None


def _int_at(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + _INT], "big") if at >= 0 else -1
