"""Who has shown a token: sessions in memory, each with what it may do."""

from __future__ import annotations

import hmac
import secrets
import time
from enum import StrEnum
from typing import TYPE_CHECKING

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


class Sessions:
    """Sessions by their ids. They end after half a day, with the process, and when the oldest makes room."""

    def __init__(self, tokens: Mapping[str, Role], clock: Callable[[], float] = time.monotonic) -> None:
        self._tokens = dict(tokens)
        self._clock = clock
        self._open: dict[str, tuple[Role, float]] = {}

    def enter(self, token: str) -> str | None:
        """Return the id of a new session, None for a token that is none."""
        given, role = token.encode("utf-8", "surrogatepass"), None
        for known, its_role in self._tokens.items():  # all of them, so that time tells nothing
            if hmac.compare_digest(known.encode(), given):
                role = its_role
        if role is None:
            return None
        while len(self._open) >= _MOST:
            del self._open[next(iter(self._open))]
        session = secrets.token_urlsafe(32)
        self._open[session] = role, self._clock() + _LASTS_S
        return session

    def role(self, session: str | None) -> Role | None:
        """Return what a session may do, None where it is none or over."""
        role, until_s = self._open.get(session or "", (None, 0.0))
        if role is not None and self._clock() >= until_s:
            self.leave(session)
            return None
        return role

    def leave(self, session: str | None) -> None:
        """End a session."""
        self._open.pop(session or "", None)
