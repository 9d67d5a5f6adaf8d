"""A Redis as the job needs it: reachable, with the rights of the job, no eviction, and a clock as this one."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from redis.exceptions import NoPermissionError, NoScriptError, ReadOnlyError, RedisError

from tideline.schemas.errors import Unavailable
from tideline.scripts.commands.redis_target import opened
from tideline.scripts.diagnosis.finding import Finding, clock, ok, unknown, wrong
from tideline.udfs.settings.connection.redis_url import is_cluster, mask_url

if TYPE_CHECKING:
    from collections.abc import Iterator

    import redis


def check(url: str, prefix: str) -> Iterator[Finding]:
    """Yield what the server is like for a job that writes lists under `prefix`; nothing is written."""
    try:
        with opened(url) as client:
            yield from _rights(client, prefix, mask_url(url), cluster=is_cluster(url))
            yield _eviction(client)
            yield _clock(client)
    except Unavailable as error:
        place, _, why = str(error).partition("does not answer: ")
        advice = "check host, port, rediss:// or redis://, and that the server runs and can be reached from here"
        if not why:
            place, _, why = str(error).rpartition(": ")
            advice = "check user and password (percent-encoded) in the URL, and the rights in docs/operate.md, Redis"
        yield wrong("redis", f"{place.strip()} {why}", advice)


def _rights(client: redis.Redis, prefix: str, shown: str, *, cluster: bool) -> Iterator[Finding]:
    key = f"{prefix}:doctor"  # no list
    # XX writes only over what is there, and nothing is
    script = ("evalsha", ("0" * 40, 1, key)) if cluster else ("eval", ("return 0", 1, key))
    tries = (script, ("getrange", (key, 0, 0)), ("set", (key, "", "XX")))
    lacking = []
    for name, words in tries:
        try:
            client.execute_command(name.upper(), *words)  # type: ignore[no-untyped-call]
        except NoPermissionError:
            lacking.append(f"+{name}")
        except NoScriptError:
            continue  # it may be run, and is none
        except ReadOnlyError:
            yield wrong("redis", f"{shown} is a replica and takes no writes", "name the primary in the URL")
            return
    if lacking:
        yield wrong(
            "redis",
            f"{shown} answers; the login lacks {' '.join(lacking)} on {prefix}:*",
            f"ACL SETUSER tideline ~{prefix}:* ~{prefix}@* {' '.join(lacking)}",
        )
    else:
        yield ok("redis", f"{shown} answers; the login may do what the job does")


def _eviction(client: redis.Redis) -> Finding:
    subject = "eviction in Redis"
    try:
        found: Any = client.info("memory")
    except RedisError:
        return unknown(subject, "the login may not ask", "see that maxmemory-policy is noeviction")
    policy = found.get("maxmemory_policy", "noeviction")
    if policy == "noeviction" or not found.get("maxmemory"):
        return ok(subject, f"maxmemory-policy {policy}, maxmemory {found.get('maxmemory_human', '0B')}")
    advice = "set maxmemory-policy noeviction: an evicted version or erasure would let an older list win"
    return wrong(subject, f"maxmemory-policy {policy}", advice)


def _clock(client: redis.Redis) -> Finding:
    subject = "clock of Redis"
    before = time.time()
    try:
        told: Any = client.time()
    except RedisError:
        return unknown(subject, "the login may not ask")
    seconds, microseconds = told
    return clock(subject, seconds + microseconds / 1e6 - (before + time.time()) / 2)
