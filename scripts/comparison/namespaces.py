"""The keys of a namespace in Redis, and lists that change places only if what is replaced is what was looked at."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

import redis

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_GLOB = re.compile(rb"[*?\[\]^\\]")
_PER_SCAN = 10_000
_AT_ONCE = 1_000
# KEYS: those of one user. ARGV, of each: the SHA-1 of what has to be there ('' for nothing), what comes in its place
# ('' for nothing), and for how many ms (0: as long as what is there). All of them change, or none.
_SWAP = b"""
for n = 1, #KEYS do
  local stored = redis.pcall('GET', KEYS[n])
  if type(stored) == 'table' or (stored and redis.sha1hex(stored) or '') ~= ARGV[3 * n - 2] then
    return 0
  end
end
for n = 1, #KEYS do
  local value, ms = ARGV[3 * n - 1], ARGV[3 * n]
  if value == '' then
    redis.call('DEL', KEYS[n])
  elseif ms == '0' then
    redis.call('SET', KEYS[n], value, 'KEEPTTL')
  else
    redis.call('SET', KEYS[n], value, 'PX', ms)
  end
end
return 1
"""


class Swap(NamedTuple):
    """What comes under a key, empty for nothing, if what is there has this digest (`promotion.digest_of`)."""

    key: bytes
    digest: bytes
    payload: bytes
    ttl_ms: int = 0
    """0: it lives as long as what it replaces."""


def scanned(client: redis.Redis, start: bytes) -> Iterator[bytes]:
    """Yield what follows `start` in each key that begins so, in no order, each once: a server may tell a key twice."""
    seen: set[bytes] = set()
    pattern = _GLOB.sub(rb"\\\g<0>", start) + b"*"
    for key in client.scan_iter(match=pattern, count=_PER_SCAN):
        if key not in seen:
            seen.add(key)
            yield key.removeprefix(start)


def deleted(client: redis.Redis, start: bytes, *, really: bool) -> int:
    """Return how many keys begin with `start`; they are gone then if `really`."""
    found, some = 0, list[bytes]()
    for rest in scanned(client, start):
        found += 1
        some.append(start + rest)
        if len(some) == _AT_ONCE:
            some = _unlinked(client, some, really=really)
    _unlinked(client, some, really=really)
    return found


def _unlinked(client: redis.Redis, keys: list[bytes], *, really: bool) -> list[bytes]:
    """Return nothing, which is what is left to be done."""
    if really:
        with client.pipeline(transaction=False) as told:
            for key in keys:
                told.unlink(key)
            told.execute()
    return []


def swap(client: redis.Redis, of_users: Sequence[Sequence[Swap]]) -> list[list[bool]]:
    """Return which keys changed. Those of a user all do or none; on a cluster, where they lie apart, each by itself."""
    apart = isinstance(client, redis.RedisCluster)
    calls = [[each] for user in of_users for each in user] if apart else of_users
    with client.pipeline(transaction=False) as told:
        for call in calls:
            words: list[Any] = [word for each in call for word in (each.digest, each.payload, each.ttl_ms)]
            told.execute_command("EVAL", _SWAP, len(call), *(each.key for each in call), *words)  # type: ignore[no-untyped-call]
        replies = iter(told.execute())
    if apart:
        return [[bool(next(replies)) for _ in user] for user in of_users]
    return [[bool(reply)] * len(user) for user, reply in zip(of_users, replies, strict=True)]
