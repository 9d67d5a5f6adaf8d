"""Lists in Redis: one string key a user, replaced only by a newer version.

Keys: `{prefix}:list:{user}` and `{prefix}:popular` hold a list, `{prefix}:place:{placement}:{user}` and
`{prefix}:popular:{placement}` one of a placement, `{prefix}:stops` what no list may show any more. A replay's
`{prefix}:tally:{shard}` says what became of its records (batches/fates.py). Up to when a user
was erased stands in his lists themselves (erased_list.py). The comparison runs inside Redis, one script call for
hundreds of lists; it touches no key but theirs, so a call for one is as good.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from importlib import resources
from random import SystemRandom
from typing import Any, NamedTuple

import redis

from tideline.schemas.errors import ConfigError, Unavailable
from tideline.udfs.settings.connection.sentinel_url import is_sentinel, primary_pool

# Bounds the time Redis serves nobody else (about 4 ms).
CHUNK_LISTS = 500
_FIRST_PAUSE_S = 0.05
_LONGEST_PAUSE_S = 2.0
TIMEOUT_S = 5.0
SCRIPT = resources.files("tideline.udfs.io").joinpath("write_lists.lua").read_bytes()
# What a server says about itself, not about the request. Redis 6 hides the first word inside a script's error.
_WORLD_ERRORS = (
    "OOM ",
    "READONLY ",
    "LOADING ",
    "CLUSTERDOWN ",
    "MASTERDOWN ",
    "TRYAGAIN ",
    "MISCONF ",
    "NOREPLICAS ",
    "BUSY ",
)
_jitter = SystemRandom()


class WriteCounts(NamedTuple):
    """What became of the lists of one call; the five add up to their number.

    A list whose reply was lost in an outage is written again and then counts as `same`.
    """

    written: int
    same: int
    older: int
    erased: int
    malformed: int = 0
    """Left as it was: the key holds no string."""


class ListStore:
    """Lists in a Redis or Valkey server. A write has happened when the call returns. Not for several threads."""

    rights = "EVAL, GETRANGE and SET"
    """What its login has to be allowed on the keys."""

    def __init__(
        self,
        url: str,
        prefix: str,
        ttl_ms: int,
        deadline_s: float = 60.0,
        on_retry: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Connects on the first write.

        Args:
            url: `redis://`, `rediss://` (TLS) or `unix://`, with user, password and options as redis-py reads them;
                `redis+sentinel://` (sentinel_url.py) names who knows the server.
            prefix: First part of every key.
            ttl_ms: A list that is not replaced for this long vanishes.
            deadline_s: How long an outage is waited out inside a call.
            on_retry: Called before each attempt after the first.
            clock: Monotonic seconds.
            sleep: Waits that many seconds.
        """
        self._connect(url)
        self._prefix = prefix
        self._list_head = f"{prefix}:list:".encode()
        self._place_head = f"{prefix}:place:".encode()
        self._popular = f"{prefix}:popular".encode()
        self._stops = f"{prefix}:stops".encode()
        self._tally_head = f"{prefix}:tally:".encode()
        self._ttl_ms = b"%d" % ttl_ms
        self._deadline_s = deadline_s
        self._on_retry = on_retry
        self._clock = clock
        self._sleep = sleep

    def _connect(self, url: str) -> None:
        waits = {"socket_timeout": TIMEOUT_S, "socket_connect_timeout": TIMEOUT_S}
        self._pool = primary_pool(url, **waits) if is_sentinel(url) else redis.ConnectionPool.from_url(url, **waits)

    def write(self, users: Sequence[bytes], payloads: Sequence[bytes], placements: Sequence[bytes] = ()) -> WriteCounts:
        """Replaces each user's list unless the stored version is as new or newer or the user was erased since.

        The list of an erased user (erased_list.py) replaces all that is not newer than his erasure, of whatever
        generation, and each later list of his carries that on. All lists of a user, one behind the other, are replaced
        at once: who reads them together never sees some of before and some of after.

        Args:
            users: User ids in UTF-8.
            payloads: The list of the user at the same position; it starts with `{"v":[g,t,s]`.
            placements: The placement of each list, the same ones for each user, empty for his default list; none where
                all are default lists.

        Raises:
            Unavailable: Redis did not take all of them until the deadline; some may have been written.
            ConfigError: Redis refuses the login, a command or a key; waiting would not help.
        """
        of_a_user = max(len(set(placements)), 1)
        return self._deliver(self._calls(self._keys(users, placements), payloads, of_a_user, of_a_user))

    def _calls(self, keys: Sequence[bytes], payloads: Sequence[bytes], together: int, of_a_user: int = 1) -> deque[Any]:
        """Return the calls that write lists, so many of which, one behind the other, are to be replaced at once."""
        step = max(CHUNK_LISTS // together, 1) * together
        starts = range(0, len(keys), step)
        heads = self._ttl_ms, b"%d" % of_a_user
        return deque(_call(keys[at : at + step], heads, payloads[at : at + step]) for at in starts)

    def _keys(self, users: Sequence[bytes], placements: Sequence[bytes]) -> list[bytes]:
        if not placements:
            return [self._list_head + user for user in users]
        lists = zip(users, placements, strict=True)
        return [b"%b%b:%b" % (self._place_head, at, user) if at else self._list_head + user for user, at in lists]

    def write_popular(self, payloads: Mapping[bytes, bytes]) -> WriteCounts:
        """Replaces the lists for users without one of their own, all at once; otherwise as `write`.

        They come by placement, the default one under nothing.
        """
        keys = [self._popular + (b":" + name if name else b"") for name in payloads]
        return self._deliver(self._calls(keys, list(payloads.values()), max(len(keys), 1)))

    def write_stops(self, payload: bytes) -> WriteCounts:
        """Replaces the list of what is to be shown to nobody; otherwise as `write`."""
        return self._deliver(self._calls([self._stops], [payload], 1))

    def write_tally(self, shard: bytes, payload: bytes) -> WriteCounts:
        """Replaces what is told of a shard's records; otherwise as `write`."""
        return self._deliver(self._calls([self._tally_head + shard], [payload], 1))

    def close(self) -> None:
        """Closes the connection."""
        self._pool.disconnect()

    def _deliver(self, pending: deque[Any]) -> WriteCounts:
        totals = [0] * len(WriteCounts._fields)
        started_s = self._clock()
        pause_s = _FIRST_PAUSE_S
        while pending and (error := self._attempt(pending, totals)) is not None:
            self._raise_if_permanent(error)
            wait_s = _jitter.uniform(pause_s / 2, pause_s)
            waited_s = self._clock() - started_s
            if waited_s + wait_s > self._deadline_s:
                raise Unavailable("redis", f"no success for {waited_s:.0f} s, last: {error}") from error
            self._sleep(wait_s)
            self._on_retry()
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
        return WriteCounts(*totals)

    def _attempt(self, pending: deque[Any], totals: list[int]) -> redis.RedisError | None:
        """Sends all of `pending` at once, drops what was confirmed, adds up the replies; the last failure if any."""
        try:
            connection = self._pool.get_connection()
        except redis.RedisError as error:
            return error
        failure: redis.RedisError | None = None
        try:
            connection.send_packed_command([b"".join(pending)])
            for _ in range(len(pending)):
                try:
                    counts = connection.read_response()
                except redis.ResponseError as error:
                    failure = error
                    pending.rotate(-1)
                else:
                    pending.popleft()
                    add(totals, counts)
        except redis.RedisError as error:
            connection.disconnect()  # replies that still come belong to nobody
            failure = error
        finally:
            self._pool.release(connection)
        return failure

    def _raise_if_permanent(self, error: redis.RedisError) -> None:
        text = str(error)
        refused = isinstance(error, (redis.AuthenticationError, redis.exceptions.NoPermissionError))
        if refused or text.startswith("ACL failure"):
            allowed = f"a login that may run {self.rights} on {self._prefix}:* (Redis says: {text})"
            raise ConfigError("redis_url", "***", allowed) from error
        world = not isinstance(error, redis.ResponseError) or isinstance(
            error, (redis.OutOfMemoryError, redis.ReadOnlyError)
        )
        if not world and not any(word in text for word in _WORLD_ERRORS):
            raise error


def _call(keys: Sequence[bytes], heads: tuple[bytes, bytes], payloads: Sequence[bytes]) -> bytes:
    """EVAL and not EVALSHA: the text is half a percent of a full chunk, and no restart of Redis can lose the script."""
    return packed(b"EVAL", SCRIPT, b"%d" % len(keys), *keys, *heads, *payloads)


def add(totals: list[int], reply: Any) -> None:
    """Add what the script says became of some lists, or of one alone."""
    if isinstance(reply, int):
        totals[reply] += 1
    else:
        totals[:] = map(int.__add__, totals, reply)


def packed(*parts: bytes) -> bytes:
    """Return a command in Redis' wire format, in one piece: redis-py's packing costs three times as much a list."""
    return b"".join([b"*%d\r\n" % len(parts), *[b"$%d\r\n%b\r\n" % (len(part), part) for part in parts]])
