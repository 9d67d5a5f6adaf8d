"""A Redis as companies run it: TLS with a CA of its own, no other port, logins with the documented rights."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import redis
from redis.exceptions import ResponseError

from tests.support.secure_broker import PASSWORD
from tests.support.waiting import PATIENCE_S
from tideline.scripts.localstack import process, secure_redis
from tideline.scripts.localstack.certificates import certificates
from tideline.scripts.localstack.redis import answers
from tideline.scripts.localstack.secure_redis import ADMIN

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

_ALWAYS = frozenset({"auth", "hello", "quit", "reset"})
"""What Redis asks no rights for: they say who one is, or end."""


def may_run(admin: redis.Redis, user: str) -> set[str]:
    """Return every command of the server that a login may run on some key, as the server itself says."""
    return {name for name, arity in _commands(admin) if _allows(admin, user, name, arity)} - _ALWAYS


def _commands(admin: redis.Redis) -> Iterator[tuple[str, int]]:
    plain: Any = redis.Redis(connection_pool=admin.connection_pool)
    plain.response_callbacks.pop("COMMAND", None)  # redis-py leaves subcommands out
    yield from _named(plain.execute_command("COMMAND"))


def _named(commands: Iterable[Any]) -> Iterator[tuple[str, int]]:
    for name, arity, *rest in commands:
        parts = rest[7] if len(rest) > 7 else []  # Redis 7 and later
        if parts:
            yield from _named(parts)
        else:
            yield name.decode(), abs(arity)


def _allows(admin: Any, user: str, name: str, arity: int) -> bool:
    words = name.split("|")
    words += ["1"] * (arity - len(words))
    try:
        said = admin.execute_command("ACL", "DRYRUN", user, *words)
    except ResponseError as error:
        said = str(error).encode()
    return b"no permissions to run" not in said


class SecureRedis:
    """A server of a test's own, with the logins of `secure_redis.RULES`."""

    def __init__(self, root: Path) -> None:
        self.ca, server = certificates(root, "redis")
        self.port = process.free_ports(1)[0]
        self._managed = secure_redis.start(root, self.port, self.ca, server, PASSWORD)
        deadline = time.monotonic() + PATIENCE_S
        process.wait_ready("redis", lambda: answers(self.url(ADMIN)), [self._managed], deadline)

    def stop(self) -> None:
        """End the server."""
        process.stop([self._managed])

    def url(self, user: str, password: str = PASSWORD, ca: Path | None = None) -> str:
        """Return the URL of a login."""
        return secure_redis.url(self.port, user, password, ca or self.ca)
