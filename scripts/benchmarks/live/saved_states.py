"""The users in a savepoint: what the ranker keeps of each, read from the files that Flink has written.

Flink's own reader is for Java. In a savepoint, a value of a user is the length of its key and the key (the key group,
the shard as a row and its length, the user as a text and its length), then the length of the value, and the bytes
behind their own length.
"""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlparse

_SHARD = re.compile(rb"\x00.{4}\x05", re.DOTALL)
"""The shard of a key: a byte that says that nothing is missing, a whole number, their length."""
_KEY_GROUP, _INT = 2, 4


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
    found, at = [], 0
    while (match := _SHARD.search(data, at)) is not None:
        entry = _entry(data, match.start() - _KEY_GROUP, match.end())
        if entry is None:
            at = match.start() + 1
        else:
            user, state, at = entry
            found.append((user, state))
    return found


def _entry(data: bytes, key: int, text: int) -> tuple[str, bytes, int] | None:
    """Return user, state and end of the entry whose key begins at `key` and its text at `text`, None where none does.

    The text stands between one more than its length and the same.
    """
    length = data[text] if text < len(data) else 0
    end = text + length + 1
    size = _int_at(data, end + _INT)
    if length < 2 or length > 127 or data[end - 1 : end] != bytes([length]) or _int_at(data, key - _INT) != end - key:
        return None
    if size < 0 or _int_at(data, end) != size + _INT:
        return None
    begin = end + 2 * _INT
    return data[text + 1 : end - 1].decode("ascii", "replace"), data[begin : begin + size], begin + size


def _int_at(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + _INT], "big") if 0 <= at <= len(data) - _INT else -1
