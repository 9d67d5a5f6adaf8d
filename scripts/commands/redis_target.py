"""Which Redis a command reads, from the same options for every command: `verb_parser.add_redis`."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import redis
from redis.exceptions import AuthenticationError, NoPermissionError, RedisClusterException

from tideline.schemas.errors import ConfigError, Unavailable
from tideline.scripts.localstack import Stack
from tideline.udfs.settings.connection.redis_url import is_cluster, mask_url, plain_url, read_url
from tideline.udfs.settings.connection.sentinel_url import is_sentinel, primary_pool
from tideline.udfs.settings.options import MASK, Refusal

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator
    from pathlib import Path

_WAIT_S = 5.0
_ENVIRONMENT = "TIDELINE_REDIS_URL"


class RedisTarget(NamedTuple):
    """A Redis, and whether it is a local stack's."""

    url: str
    of_stack: bool = False


def read_redis_target(arguments: argparse.Namespace) -> RedisTarget:
    """Return what `--redis-url-file`, `--redis-url`, `--stack` or the environment says, the stack `default` without.

    Raises:
        ConfigError: the URL cannot be used, or holds a secret where others can read it.
        StackError: there is no local stack of that name.
    """
    if arguments.redis_url_file is not None:
        return RedisTarget(_checked("--redis-url-file", _content(arguments.redis_url_file)))
    if arguments.redis_url is not None:
        url = _checked("--redis-url", arguments.redis_url)
        if MASK in mask_url(url):
            raise ConfigError("--redis-url", MASK, f"secrets only in {_ENVIRONMENT} or in --redis-url-file FILE")
        return RedisTarget(url)
    if arguments.stack is None and _ENVIRONMENT in os.environ:
        return RedisTarget(_checked(_ENVIRONMENT, os.environ[_ENVIRONMENT]))
    return RedisTarget(Stack.attach(arguments.stack or "default").redis_url, of_stack=True)


@contextmanager
def opened(url: str) -> Iterator[redis.Redis]:
    """Yield a client that waits for seconds and not for ever.

    Raises:
        Unavailable: it does not answer, or refuses the login or the command; the message has no secret.
    """
    with explained(url), client_of(url) as client:
        yield client


def client_of(url: str) -> redis.Redis:
    """Return a client that waits for seconds and not for ever."""
    waits = {"socket_timeout": _WAIT_S, "socket_connect_timeout": _WAIT_S}
    if is_cluster(url):
        return cast("redis.Redis", _Cluster.from_url(plain_url(url), **waits))
    if is_sentinel(url):
        return redis.Redis.from_pool(primary_pool(url, **waits))
    return redis.Redis.from_url(url, **waits)


class _Cluster(redis.RedisCluster):
    """A client of a cluster that is asked as that of a single server."""

    def mget(self, keys: Any, *args: Any) -> Any:
        """Return what is under each key, wherever it is, after a look at where that is now if a node is gone."""
        try:
            return self.mget_nonatomic(keys, *args)
        except redis.ConnectionError:
            self.nodes_manager.initialize()  # type: ignore[no-untyped-call]
            return self.mget_nonatomic(keys, *args)


@contextmanager
def explained(url: str) -> Iterator[None]:
    """Let what the Redis of that URL refuses be said in one line.

    Raises:
        Unavailable: it does not answer, or refuses the login or the command; the message has no secret.
    """
    try:
        yield
    except AuthenticationError as error:
        raise Unavailable("redis", f"{mask_url(url)} refuses the login: {_word(error)}") from error
    except NoPermissionError as error:
        raise Unavailable("redis", f"{mask_url(url)} does not let this user do so: {_word(error)}") from error
    except (redis.RedisError, RedisClusterException) as error:
        raise Unavailable(
            "redis", f"{mask_url(url)} does not answer: {type(error).__name__}: {_word(error)}"
        ) from error


def _word(error: Exception) -> str:
    return str(error).partition("\n")[0]


def _content(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig").strip("\r\n ")
    except (OSError, ValueError) as error:
        raise ConfigError("--redis-url-file", str(path), f"a readable text file ({type(error).__name__})") from error


def _checked(key: str, url: str) -> str:
    try:
        return read_url(url)
    except Refusal as refused:
        raise ConfigError(key, MASK, refused.allowed) from None


def key_of_list(prefix: str, user: str, placement: str = "") -> str:
    """Return the key of a user's list in Redis; without a placement of his default one."""
    return f"{prefix}:place:{placement}:{user}" if placement else f"{prefix}:list:{user}"
