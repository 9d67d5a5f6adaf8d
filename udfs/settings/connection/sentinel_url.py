"""The URL of a Redis whose primary is asked for: `redis+sentinel://user:password@host:port,host:port/NAME/db`."""

from __future__ import annotations

import re
from typing import Any, NamedTuple
from urllib.parse import SplitResult, parse_qsl, urlsplit

from redis.connection import parse_url
from redis.sentinel import Sentinel, SentinelConnectionPool

from tideline.udfs.settings.options import Refusal

SENTINEL = "+sentinel"
LOGIN = ("sentinel_username", "sentinel_password")
"""Options behind the question mark that are the sentinels' own; the login in front is the servers'."""

_PORT = 26379
_MOST = 16
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::(\d{1,5}))?")
_PATH = re.compile(r"/([A-Za-z0-9._-]{1,64})(?:/(\d{0,6}))?")


class Watched(NamedTuple):
    """Who is asked for a primary, and how it is reached then: arguments of redis-py."""

    sentinels: list[tuple[str, int]]
    name: str
    of_sentinels: dict[str, Any]
    of_servers: dict[str, Any]


def is_sentinel(url: str) -> bool:
    """Return whether a URL names sentinels.

    >>> is_sentinel("rediss+sentinel://host:1/main"), is_sentinel("redis://a+sentinel@host:1")
    (True, False)
    """
    return urlsplit(url).scheme.endswith(SENTINEL)


def check_sentinels(parts: SplitResult) -> None:
    """Check the hosts and the name in a URL.

    Raises:
        Refusal: they are no such.
    """
    hosts = parts.netloc.rpartition("@")[2].split(",")
    found = [_HOST.fullmatch(host) for host in hosts]
    if len(hosts) > _MOST or not all(each and 0 < int(each[2] or _PORT) < 1 << 16 for each in found):
        raise Refusal(f"host:port of up to {_MOST} sentinels with commas between, ports from 1 to 65535 ({_PORT})")
    if _PATH.fullmatch(parts.path) is None:
        raise Refusal("behind the sentinels /NAME or /NAME/db, the name of the primary as `sentinel monitor` has it")


def watched(url: str) -> Watched:
    """Return what a checked URL says."""
    parts = urlsplit(url)
    login, at, hosts = parts.netloc.rpartition("@")
    _, name, *db = parts.path.split("/")
    own = dict(parse_qsl(parts.query))
    rest = "&".join(pair for pair in parts.query.split("&") if pair.partition("=")[0] not in LOGIN)
    scheme, place = parts.scheme.removesuffix(SENTINEL), f"{login}{at}host/{''.join(db) or 0}"
    of_servers: dict[str, Any] = parse_url(f"{scheme}://{place}?{rest}")  # type: ignore[no-untyped-call]
    for key in ("host", "connection_class"):
        of_servers.pop(key, None)
    of_sentinels = {key: value for key, value in of_servers.items() if key.startswith(("ssl_", "socket_"))}
    of_sentinels |= {key.removeprefix("sentinel_"): own[key] for key in LOGIN if key in own}
    if scheme == "rediss":
        of_servers["ssl"] = of_sentinels["ssl"] = True
    places = [_HOST.fullmatch(host) for host in hosts.split(",")]
    sentinels = [(each[1].strip("[]"), int(each[2] or _PORT)) for each in places if each]
    return Watched(sentinels, name, of_sentinels, of_servers)


def primary_pool(url: str, **waits: float) -> SentinelConnectionPool:
    """Return connections to the primary that the sentinels name when one is made; nothing connects yet.

    Args:
        url: A checked one.
        waits: Time-outs as redis-py's connections take them; those in the URL come before them.
    """
    found = watched(url)
    manager = Sentinel(found.sentinels, sentinel_kwargs=waits | found.of_sentinels)  # type: ignore[no-untyped-call]
    return SentinelConnectionPool(found.name, manager, **(waits | found.of_servers))  # type: ignore[no-untyped-call]
