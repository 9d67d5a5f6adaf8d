"""A Redis as companies run it: TLS with a CA of its own, no other port, logins with the documented rights."""

from __future__ import annotations

import os
import re
import shutil
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import redis
from redis.exceptions import ResponseError

from tests.support.doc_pages import ROOT
from tests.support.secure_broker import PASSWORD, certificates
from tests.support.waiting import PATIENCE_S
from tideline.scripts.localstack import process
from tideline.scripts.localstack.paths import STATE_FOLDER
from tideline.scripts.localstack.redis import answers

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

ADMIN = "admin"
_ALWAYS = frozenset({"auth", "hello", "quit", "reset"})
"""What Redis asks no rights for: they say who one is, or end."""


def documented_logins(password: str = PASSWORD) -> dict[str, str]:
    """Return what `ACL SETUSER` of docs/operate.md says of each login behind its name."""
    lines = re.findall(r"^ACL SETUSER (\w+) (.*)$", (ROOT / "docs" / "operate.md").read_text(), re.MULTILINE)
    return {user: rules.replace(">PASSWORD", f">{password}") for user, rules in lines}


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
    """One server of Debian's; the logins of docs/operate.md, `admin`, and the job's that reads, as `replay`."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self.ca, server = certificates(root, "redis")
        self.port = process.free_ports(1)[0]
        logins = documented_logins()
        logins |= {"replay": f"{logins['tideline']} +scan +mget", ADMIN: f"on >{PASSWORD} ~* &* +@all"}
        users = ["user default off", *(f"user {user} {rules}" for user, rules in logins.items())]
        (root / "users.acl").write_text("".join(f"{line}\n" for line in users))
        argv = [
            *(_program(), "--bind", "127.0.0.1", "--port", "0", "--tls-port", str(self.port), "--save", ""),
            *("--tls-cert-file", str(server), "--tls-key-file", str(server), "--tls-ca-cert-file", str(self.ca)),
            *("--tls-auth-clients", "no", "--aclfile", str(root / "users.acl"), "--dir", str(root)),
        ]
        self._managed = process.spawn("redis", argv, dict(_environment()), root, root / "redis.log")
        deadline = time.monotonic() + PATIENCE_S
        process.wait_ready("redis", lambda: answers(self.url(ADMIN)), [self._managed], deadline)

    def stop(self) -> None:
        """End the server."""
        process.stop([self._managed])

    def url(self, user: str, password: str = PASSWORD, ca: Path | None = None) -> str:
        """Return the URL of a login."""
        return f"rediss://{user}:{quote(password, safe='')}@127.0.0.1:{self.port}/0?ssl_ca_certs={ca or self.ca}"

    def file(self, user: str) -> Path:
        """Return a file with the URL of a login."""
        path = self._root / f"{user}.url"
        path.write_text(self.url(user))
        path.chmod(0o600)
        return path


_OWN = STATE_FOLDER / "redis"


def _program() -> str:
    own = _OWN / "usr" / "bin" / "redis-server"
    program = str(own) if own.is_file() else shutil.which("redis-server")
    assert program, "redis-server is missing: run scripts/setup, or put one with TLS on PATH"
    return program


def _environment() -> Mapping[str, str]:
    folders = [str(each) for each in (_OWN / "usr" / "lib").glob("*-linux-*")]
    return {**os.environ, "LD_LIBRARY_PATH": ":".join(folders)} if folders else os.environ
