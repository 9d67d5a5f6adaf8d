"""Contract: an outage of Redis is waited out with growing pauses up to the deadline, then told."""

from __future__ import annotations

from typing import Any

import pytest
import redis
from hypothesis import given
from hypothesis import strategies as st

from tideline.schemas.errors import Unavailable
from tideline.udfs.io.list_store import CHUNK_LISTS, ListStore, WriteCounts, _call

NOBODY_LISTENS = "unix:///nowhere/at/all.sock"
LIST = b'{"v":[1,1,1]}'


class Clock:
    """Time that passes only in `sleep`."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.pauses_s: list[float] = []

    def time(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        self.pauses_s.append(seconds)
        self.now_s += seconds


class Scripted:
    """Stands for redis-py's pool and its one connection: replies as told, records what was sent."""

    def __init__(self, *attempts: list[Any]) -> None:
        self.attempts = list(attempts)
        self.sent: list[bytes] = []
        self.disconnected = 0

    def get_connection(self) -> Scripted:
        return self

    def release(self, connection: Scripted) -> None:
        pass

    def disconnect(self) -> None:
        self.disconnected += 1

    def send_packed_command(self, parts: list[bytes]) -> None:
        self.sent.append(b"".join(parts))
        self.replies = self.attempts.pop(0)

    def read_response(self) -> Any:
        reply = self.replies.pop(0)
        if isinstance(reply, Exception):
            raise reply
        return reply


def scripted_store(pool: Scripted, clock: Clock) -> ListStore:
    store = ListStore(NOBODY_LISTENS, "t", 1000, clock=clock.time, sleep=clock.sleep)
    store._pool = pool  # type: ignore[assignment]
    return store


@pytest.mark.parametrize("deadline_s", [0.0, 1.0, 60.0])
def test_an_outage_ends_in_an_error_at_the_deadline(deadline_s: float) -> None:
    clock, retries = Clock(), []
    store = ListStore(NOBODY_LISTENS, "t", 1000, deadline_s, lambda: retries.append(1), clock.time, clock.sleep)

    with pytest.raises(Unavailable, match=r"redis is unavailable: no success for \d+ s, last: Error 2") as told:
        store.write([b"u"], [LIST])

    assert told.value.target == "redis"
    assert deadline_s - 2 <= sum(clock.pauses_s) <= deadline_s
    assert len(retries) == len(clock.pauses_s)


def test_pauses_grow_and_are_never_the_same_for_all_writers() -> None:
    """Contract: each pause is half to all of a bound that doubles up to 2 s; the rest is chance."""
    clock = Clock()
    store = ListStore(NOBODY_LISTENS, "t", 1000, clock=clock.time, sleep=clock.sleep)
    with pytest.raises(Unavailable):
        store.write([b"u"], [LIST])

    bounds_s = [min(0.05 * 2**number, 2.0) for number in range(len(clock.pauses_s))]
    assert all(bound / 2 <= pause <= bound for bound, pause in zip(bounds_s, clock.pauses_s, strict=True))
    assert len(set(clock.pauses_s)) == len(clock.pauses_s)


def test_only_what_was_not_confirmed_is_sent_again() -> None:
    """Contract: counts of a call add up over its attempts."""
    clock = Clock()
    pool = Scripted(
        [[500, 0, 0, 0], redis.OutOfMemoryError("full"), [1, 2, 3, 4]],
        [redis.TimeoutError("no reply")],
        [[0, 499, 0, 1]],
    )
    users = [b"%d" % number for number in range(2 * CHUNK_LISTS + 10)]

    counts = scripted_store(pool, clock).write(users, [LIST] * len(users))

    assert counts == WriteCounts(501, 501, 3, 5)
    assert pool.sent[1] == pool.sent[2]
    assert b"\r\nt:list:500\r\n" in pool.sent[1]
    assert b"\r\nt:list:499\r\n" not in pool.sent[1]
    assert b"\r\nt:list:1000\r\n" not in pool.sent[1]
    assert (pool.disconnected, len(clock.pauses_s)) == (1, 2)


@pytest.mark.parametrize(
    "error",
    [
        redis.ConnectionError("reset"),
        redis.TimeoutError("late"),
        redis.BusyLoadingError("loading"),
        redis.ReadOnlyError("replica"),
        redis.ResponseError("CLUSTERDOWN The cluster is down"),
        redis.ResponseError("MISCONF Errors writing to the disk"),
        redis.ResponseError("BUSY a script is running"),
        redis.ResponseError("Error running script (call to f_1): @user_script:30: -OOM command not allowed"),
    ],
)
def test_what_a_server_says_about_itself_is_retried(error: Exception) -> None:
    clock = Clock()

    counts = scripted_store(Scripted([error], [[1, 0, 0, 0]]), clock).write([b"u"], [LIST])

    assert counts.written == 1
    assert len(clock.pauses_s) == 1


def test_an_error_nobody_foresaw_is_raised_as_it_is() -> None:
    """Contract: a defect is not hidden behind a minute of retries."""
    clock = Clock()

    with pytest.raises(redis.ResponseError, match="ERR unknown"):
        scripted_store(Scripted([redis.ResponseError("ERR unknown")]), clock).write([b"u"], [LIST])

    assert not clock.pauses_s


@given(st.lists(st.tuples(st.binary(max_size=30), st.binary(max_size=30), st.binary(max_size=300)), max_size=5))
def test_a_command_is_packed_as_redis_py_would(rows: list[tuple[bytes, bytes, bytes]]) -> None:
    keys = [row[0] for row in rows] + [row[1] for row in rows]
    packed = _call(keys, (b"1000", b"2"), [row[2] for row in rows])

    script = packed.split(b"\r\n", 4)[4][: int(packed.split(b"\r\n", 4)[3][1:])]
    arguments = ["EVAL", script, len(keys), *keys, b"1000", b"2", *(row[2] for row in rows)]
    assert packed == b"".join(redis.Connection().pack_command(*arguments))  # type: ignore[no-untyped-call]
