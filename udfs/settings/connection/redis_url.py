"""The Redis URL: refused before submission unless redis-py reads from it what its writer meant."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import SplitResult, parse_qsl, urlsplit

import redis
from redis.connection import ConnectionPool

from tideline.udfs.settings.connection.sentinel_url import (
    LOGIN,
    SENTINEL,
    check_sentinels,
    is_sentinel,
    primary_pool,
)
from tideline.udfs.settings.options import MASK, Kind, Refusal

_ENCODE = "percent-encode what is special in user and password: / %2F, # %23, ? %3F, @ %40, % %25, : %3A, blank %20"
_PLAIN = frozenset(
    [
        "client_name",
        "db",
        "health_check_interval",
        "password",
        "protocol",
        "socket_connect_timeout",
        "socket_keepalive",
        "socket_timeout",
        "username",
    ]
)
_TLS = frozenset(
    [
        "ssl_ca_certs",
        "ssl_ca_path",
        "ssl_cert_reqs",
        "ssl_certfile",
        "ssl_check_hostname",
        "ssl_ciphers",
        "ssl_keyfile",
        "ssl_password",
    ]
)
_CLUSTER = "+cluster"
_OPTIONS = {"redis": _PLAIN, "rediss": _PLAIN | _TLS, "unix": _PLAIN - {"socket_connect_timeout", "socket_keepalive"}}
_OPTIONS |= {scheme + _CLUSTER: _OPTIONS[scheme] - {"db"} for scheme in ("redis", "rediss")}
_OPTIONS |= {scheme + SENTINEL: (_OPTIONS[scheme] - {"db"}) | {*LOGIN} for scheme in ("redis", "rediss")}


def read_url(raw: Any) -> str:
    """Return the URL as it is.

    Raises:
        TypeError: It is no text.
        Refusal: redis-py cannot use it, or would read it otherwise than it looks.
    """
    if not isinstance(raw, str):
        raise TypeError
    if not re.match(r"(rediss?(\+cluster|\+sentinel)?|unix)://", raw):
        raise Refusal(
            "a URL that begins with redis://, rediss:// (TLS), redis+cluster://, redis+sentinel:// (rediss+... with "
            "TLS) or unix://, in small letters, nothing before"
        )
    if re.search(r"[^!-~]|%(?![0-9A-Fa-f]{2})", raw):
        raise Refusal(f"printable ASCII without blanks; {_ENCODE}")
    try:
        parts = urlsplit(raw)
        port = None if is_sentinel(raw) else parts.port
    except ValueError:
        raise Refusal(f"scheme://user:password@host:port/db; {_ENCODE}") from None
    if "#" in raw or "@" in parts.path + parts.query or parts.netloc.count("@") > 1:
        raise Refusal(f"no # or @ behind the host; {_ENCODE}")
    _check_place(parts, port)
    _check_query(parts)
    _try(raw)
    return raw


def mask_url(url: str) -> str:
    """The URL without user, password and whatever stands behind the question mark beside them."""
    parts = urlsplit(url)
    if "@" not in parts.netloc and "password" not in parts.query and "username" not in parts.query:
        return url
    host = parts.netloc.rpartition("@")[2]
    query = MASK if parts.query else ""
    return parts._replace(netloc=f"{MASK}@{host}" if host or parts.netloc else MASK, query=query).geturl()


def is_cluster(url: str) -> bool:
    """Return whether a URL names a node of a cluster.

    >>> is_cluster("rediss+cluster://host:1"), is_cluster("redis://user+cluster@host:1")
    (True, False)
    """
    return urlsplit(url).scheme.endswith(_CLUSTER)


def plain_url(url: str) -> str:
    """Return the URL of that one server.

    >>> plain_url("rediss+cluster://host:1")
    'rediss://host:1'
    """
    return url.replace(_CLUSTER, "", 1) if is_cluster(url) else url


REDIS_URL = Kind(
    "a redis://, rediss:// (TLS), redis+cluster://, redis+sentinel:// (rediss+... with TLS) or unix:// URL", read_url
)


def _check_place(parts: SplitResult, port: int | None) -> None:
    if parts.scheme == "unix":
        if not parts.path.strip("/") or parts.netloc.rpartition("@")[2]:
            raise Refusal("unix:///path/of/the/socket")
        return
    if parts.scheme.endswith(SENTINEL):
        check_sentinels(parts)
        return
    if not parts.hostname or port == 0:
        raise Refusal("a host, and a port from 1 to 65535 or none")
    if parts.scheme.endswith(_CLUSTER) and parts.path not in ("", "/", "/0"):
        raise Refusal("behind the host nothing: a cluster has one database")
    if not re.fullmatch(r"/?|/\d{1,6}", parts.path):
        raise Refusal(f"behind the host nothing or /db, a whole number; {_ENCODE}")


def _check_query(parts: SplitResult) -> None:
    known = _OPTIONS[parts.scheme]
    try:
        options = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
    except ValueError:
        raise Refusal("options behind ? as name=value, & between two") from None
    names = [name for name, _ in options]
    if len({*names}) < len(names) or not all(value for _, value in options):
        raise Refusal("each option behind ? once, with a value")
    if not known.issuperset(names):
        tls = " (ssl_... only with rediss://)" if not parts.scheme.startswith("rediss") else ""
        raise Refusal(f"behind ? only {', '.join(sorted(known))}{tls}")
    found = dict(options)
    whole = [found.get(name, "0") for name in ("db", "health_check_interval")]
    if not all(re.fullmatch(r"\d{1,6}", number) for number in whole):
        raise Refusal("db and health_check_interval as whole numbers")
    if found.get("protocol", "2") not in ("2", "3"):
        raise Refusal("protocol=2 or protocol=3")
    if found.get("ssl_cert_reqs", "none") not in ("none", "optional", "required"):
        raise Refusal("ssl_cert_reqs=none, optional or required")


def _try(url: str) -> None:
    """Make what the job will make, short of connecting."""
    try:
        pool = primary_pool(url) if is_sentinel(url) else ConnectionPool.from_url(plain_url(url))
        pool.make_connection()
    except (TypeError, ValueError, OSError, redis.RedisError) as error:
        raise Refusal(f"what redis-py can use; it says {type(error).__name__}; {_ENCODE}") from None
