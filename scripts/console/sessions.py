"""Who has shown a token or was let in by a proxy: sessions in memory, each with what it may do."""

from __future__ import annotations

import hmac
import secrets
import time
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_LASTS_S = 12 * 3600.0
_MOST = 1_000
LEAST_TOKEN = 32
"""Characters of a token: nobody guesses one."""


class Role(StrEnum):
    """What somebody may do."""

    VIEWER = "viewer"
    OPERATOR = "operator"


class _Session(NamedTuple):
    role: Role
    until_s: float
    person: str | None


class Sessions:
    """Sessions by their ids. They end after half a day, with the process, and when the oldest makes room."""

    def __init__(self, tokens: Mapping[str, Role], clock: Callable[[], float] = time.monotonic) -> None:
        self._tokens = dict(tokens)
        self._clock = clock
        self._open: dict[str, _Session] = {}
        self._by_person: dict[str, str] = {}

    def enter(self, token: str) -> str | None:
        """Return the id of a new session, None for a token that is none."""
        given, role = token.encode("utf-8", "surrogatepass"), None
        for known, its_role in self._tokens.items():  # all of them, so that time tells nothing
            if hmac.compare_digest(known.encode(), given):
                role = its_role
        return None if role is None else self._opened(role, None)

    def vouched(self, person: str, role: Role) -> str:
        """Return the id of the session of somebody whom a proxy has let in: one a person, while it lasts."""
        session = self._by_person.get(person)
        if session is None or self.role(session) is None:
            session = self._by_person[person] = self._opened(role, person)
        return session

    def role(self, session: str | None) -> Role | None:
        """Return what a session may do, None where it is none or over."""
        found = self._open.get(session or "")
        if found is not None and self._clock() >= found.until_s:
            self.leave(session)
            return None
        return None if found is None else found.role

    def person(self, session: str) -> str | None:
        """Return whose a session is by the word of a proxy, None where a token opened it."""
        found = self._open.get(session)
        return None if found is None else found.person

    def leave(self, session: str | None) -> None:
        """End a session."""
        found = self._open.pop(session or "", None)
        if found is not None and found.person is not None:
            del self._by_person[found.person]

    def _opened(self, role: Role, person: str | None) -> str:
        while len(self._open) >= _MOST:
            self.leave(next(iter(self._open)))
        session = secrets.token_urlsafe(32)
        self._open[session] = _Session(role, self._clock() + _LASTS_S, person)
        return session
