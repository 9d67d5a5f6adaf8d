"""Who looked at whom, and stopped what: a line of JSON for each, in a file that is only ever added to."""

from __future__ import annotations

import hashlib
import json
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tideline.schemas.errors import ConfigError, Unavailable
from tideline.udfs.core.erasure.known_erasures import user_hash

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tideline.scripts.console.sessions import Sessions
    from tideline.udfs.core.lists.token_keys import TokenKeys


class Audit:
    """A file of looks. Users are in it as keyed hashes, the same as in the topic of erasures; no id of a session is."""

    def __init__(self, path: Path, keys: TokenKeys, now_ms: Callable[[], int]) -> None:
        """Open or make the file, for its owner alone.

        Raises:
            ConfigError: it cannot be written.
        """
        try:
            self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            raise ConfigError("--audit", str(path), f"a file that can be written ({error.strerror})") from error
        self._key_id, self._secret = keys.current, keys.secrets[keys.current]
        self._now_ms = now_ms

    def note(self, sessions: Sessions, session: str, look: str, user: str) -> None:
        """Write down that a session looks at a user, before it does.

        Raises:
            Unavailable: it cannot be written: nobody is looked at unseen.
        """
        user_hash_hex = (bytes([self._key_id]) + user_hash(user, self._secret)).hex()
        self._write(sessions, session, {"look": look, "user_hash": user_hash_hex}, "nobody is shown")

    def did(self, sessions: Sessions, session: str, act: str, activity_id: str | None) -> None:
        """Write down that a session starts messages, before it does, or that it has stopped some.

        Raises:
            Unavailable: it cannot be written: nothing is started; what was stopped stays so, for that is the switch for
                when nothing else works.
        """
        otherwise = "nothing is started" if act == "start" else "it is stopped all the same"
        self._write(sessions, session, {"act": act, "activity_id": activity_id}, otherwise)

    def _write(self, sessions: Sessions, session: str, what: dict[str, Any], otherwise: str) -> None:
        line = {
            "time": datetime.fromtimestamp(self._now_ms() / 1000, UTC).isoformat(timespec="milliseconds"),
            "role": sessions.role(session),
            "person": sessions.person(session),
            "session": hashlib.sha256(session.encode()).hexdigest()[:12],
            **what,
        }
        try:
            os.write(self._file, f"{json.dumps(line)}\n".encode())
        except OSError as error:
            raise Unavailable("the console's audit file", f"{error.strerror}; {otherwise}") from error

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)
