"""The newest states of users, within so many bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

ENTRY_BYTES = 250
"""What an entry takes beside the state: the name, two places of the table, the header of the bytes."""


class StateCache:
    """What was put last of each user, or nothing: whoever was not put while half of the bytes came is let go.

    Two tables, and the older one goes as a whole: no order is kept, and no moment comes in which all is unknown.
    """

    def __init__(self, most_bytes: int) -> None:
        """Hold at most so many bytes, and the states of one batch more."""
        self._half = most_bytes // 2
        self._young: dict[str, bytes] = {}
        self._old: dict[str, bytes] = {}
        self._young_bytes = 0

    def get(self, user: str) -> bytes | None:
        """Return the state of a user, None where it is not held."""
        state = self._young.get(user)
        return self._old.get(user) if state is None else state

    def put(self, states: Iterable[tuple[str, bytes]]) -> None:
        """Take (user, state) in; each replaces the user's former one."""
        if self._young_bytes > self._half:
            self._old, self._young, self._young_bytes = self._young, {}, 0
        young, size = self._young, self._young_bytes
        for user, state in states:
            former = young.get(user)
            size += len(state) + ENTRY_BYTES if former is None else len(state) - len(former)
            young[user] = state
        self._young_bytes = size

    def drop(self, user: str) -> None:
        """Hold nothing of a user."""
        former = self._young.pop(user, None)
        if former is not None:
            self._young_bytes -= len(former) + ENTRY_BYTES
        self._old.pop(user, None)
