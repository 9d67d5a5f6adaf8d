"""Contract: a user's list is only ever replaced by a newer version, whoever writes, in whatever order.

The same suite runs on the lists in memory that other tests use and on a real server.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import TYPE_CHECKING

import pytest
import redis

from tests.support.list_stores import TTL_MS, Memory, Real, payload
from tests.support.waiting import PATIENCE_S
from tideline.schemas.errors import ConfigError
from tideline.udfs.core.lists.list_version import ListVersion, parse_version
from tideline.udfs.core.serving.batches.fates import encode_fates
from tideline.udfs.io.list_store import CHUNK_LISTS, ListStore, WriteCounts

if TYPE_CHECKING:
    from tests.contract.conftest import Server

    Once = Callable[[Callable[[], None]], Callable[[float], None]]

_TIMES_MS = 5, 40, 1_699_999_999_999, 1_700_000_000_000
VERSIONS = [(g, t, s) for g in (0, 1, 2, 10) for t in _TIMES_MS for s in (9, 10)]


@pytest.mark.parametrize("seed", range(5))
def test_versions_in_any_order_end_on_the_highest(lists: Memory | Real, seed: int) -> None:
    """Contract: generation, then time, then sequence number, compared as numbers and not as text."""
    order = random.Random(seed).choices(VERSIONS, k=60) + VERSIONS
    random.Random(seed).shuffle(order)
    store = lists.writer()

    counts = [store.write([b"u"], [payload(*version)]) for version in order]

    assert lists.read(b"u") == payload(*max(VERSIONS))
    assert [sum(count) for count in counts] == [1] * len(order)
    highest = [max(order[:at]) if at else (-1, -1, -1) for at in range(len(order))]
    for version, before, count in zip(order, highest, counts, strict=True):
        assert count.written == (version > before)
        assert count.same == (version == before)
        assert count.older == (version < before)


def test_one_batch_may_hold_many_users_and_one_of_them_twice(lists: Memory | Real) -> None:
    """Contract: batches of more than one script call are whole, and within a batch too the newest wins."""
    users = [b"user-%d \xc3\xbc" % number for number in range(2 * CHUNK_LISTS + 3)]
    payloads = [payload(1, 1000 + number, number) for number in range(len(users))]

    counts = lists.writer().write([users[0], *users, users[0]], [payload(1, 2000, 1), *payloads, payload(1, 1999, 1)])

    assert counts == WriteCounts(written=len(users), same=0, older=2, erased=0)
    assert lists.read(users[0]) == payload(1, 2000, 1)
    assert [lists.read(user) for user in users[1:]] == payloads[1:]


def test_an_empty_batch_is_nothing(lists: Memory | Real) -> None:
    assert lists.writer().write([], []) == WriteCounts(0, 0, 0, 0)


def test_an_equal_version_changes_nothing(lists: Memory | Real) -> None:
    """Contract: after a restart the same list is written again, and the one that visitors saw stays."""
    store = lists.writer()
    store.write([b"u"], [b'{"v":[1,2,3],"k":"first"}'])

    assert store.write([b"u"], [b'{"v":[1,2,3],"k":"second"}']) == WriteCounts(written=0, same=1, older=0, erased=0)
    assert lists.read(b"u") == b'{"v":[1,2,3],"k":"first"}'


def test_four_writers_at_once_leave_every_user_on_his_highest_version(lists: Memory | Real) -> None:
    """Contract: no write comes between another one's comparison and its replacement."""
    users = [b"u%d" % number for number in range(50)]
    writes = [(user, version) for user in users for version in VERSIONS]

    def run(seed: int) -> int:
        mine = random.Random(seed).sample(writes, len(writes))
        store = lists.writer()
        written = 0
        for start in range(0, len(mine), 30):
            part = mine[start : start + 30]
            written += store.write([user for user, _ in part], [payload(*version) for _, version in part]).written
        return written

    with ThreadPoolExecutor(4) as pool:
        written = sum(pool.map(run, range(4)))

    assert written >= len(users)
    for user in users:
        assert parse_version(lists.read(user) or b"") == ListVersion(*max(VERSIONS))


def test_a_list_has_its_time_to_live_and_each_write_renews_it(real: Real) -> None:
    store = real.writer()
    key = f"{real.prefix}:list:u"
    store.write([b"u"], [payload(1, 1, 1)])
    real.client.pexpire(key, 1000)

    store.write([b"u"], [payload(1, 1, 2)])

    assert TTL_MS - 60_000 < real.client.pttl(key) <= TTL_MS  # type: ignore[operator]


def test_the_popular_list_has_versions_too(real: Real) -> None:
    store = real.writer()

    assert store.write_popular({b"": payload(1, 5, 1)}).written == 1
    assert store.write_popular({b"": payload(1, 4, 9)}).older == 1
    assert real.client.get(f"{real.prefix}:popular") == payload(1, 5, 1)


def test_lists_of_placements_have_keys_of_their_own_and_versions_too(real: Real) -> None:
    """Contract: an older list of one placement leaves it alone and is counted; the others are not touched by it."""
    store = real.writer()
    users, placements = [b"u:1", b"u:1", b"u2", b"u2"], [b"", b"cart", b"", b"cart"]
    lists = [payload(1, 5, at) for at in range(4)]
    assert store.write(users, lists, placements).written == 4
    keys = [f"{real.prefix}:{at}" for at in ("list:u:1", "place:cart:u:1", "list:u2", "place:cart:u2")]
    assert real.client.mget(keys) == lists
    newer = payload(1, 6, 0)
    assert store.write([b"u2", b"u2"], [newer, payload(1, 4, 9)], [b"", b"cart"]) == WriteCounts(1, 0, 1, 0)
    assert real.client.mget(keys) == [*lists[:2], newer, lists[3]]
    assert TTL_MS - 60_000 < real.client.pttl(keys[1]) <= TTL_MS  # type: ignore[operator]


@pytest.mark.parametrize("seed", range(3))
def test_all_lists_of_a_user_end_on_the_highest_version_though_some_were_lost(real: Real, seed: int) -> None:
    """Contract: written together in any order, one lost or not yet there before: the same as list by list."""
    rng, store, names = random.Random(seed), real.writer(), [b"", b"cart", b"mail"]
    keys = [f"{real.prefix}:list:u", *(f"{real.prefix}:place:{name}:u" for name in ("cart", "mail"))]
    plain: list[bytes | None] = [None] * len(names)
    for _ in range(200):
        version = rng.choice(VERSIONS)
        if rng.random() < 0.3:
            at = rng.randrange(1, len(names))
            real.client.delete(keys[at])
            plain[at] = None
        lists = [payload(*version).replace(b"}", b',"n":%d}' % at) for at in range(len(names))]
        is_newer = [kept is None or parse_version(kept) < ListVersion(*version) for kept in plain]
        is_same = [kept == new for kept, new in zip(plain, lists, strict=True)]
        counts = store.write([b"u"] * len(names), lists, names)
        assert counts == WriteCounts(sum(is_newer), sum(is_same), len(names) - sum(is_newer) - sum(is_same), 0)
        plain = [new if newer else kept for new, kept, newer in zip(lists, plain, is_newer, strict=True)]
        assert real.client.mget(keys) == plain


def test_popular_lists_of_placements_are_written_together(real: Real) -> None:
    lists = {b"": payload(1, 5, 1), b"cart": payload(1, 5, 2)}
    assert real.writer().write_popular(lists).written == 2
    keys = [f"{real.prefix}:popular", f"{real.prefix}:popular:cart"]
    assert real.client.mget(keys) == [*lists.values()]


@pytest.mark.parametrize("placements", [1, 3, 20])
def test_who_reads_all_lists_of_a_user_at_once_sees_those_of_one_moment(real: Real, placements: int) -> None:
    """Contract: however many users are written: a user's lists are never parted, so none repeats what another has."""
    names = [b"", *(b"p%d" % at for at in range(placements))]
    users = [b"u%d" % at for at in range(700)]
    store, done, torn, looked = real.writer(), Event(), list[list[int]](), 0

    def write() -> None:
        for version in range(1, 6):
            lists = [payload(1, version, 0)] * len(users) * len(names)
            store.write([user for user in users for _ in names], lists, names * len(users))
        done.set()

    with ThreadPoolExecutor(1) as pool, redis.Redis.from_url(real.url) as reader:
        writing = pool.submit(write)
        while not done.is_set() and not writing.done():
            user = users[looked * 37 % len(users)].decode()
            keys = [
                f"{real.prefix}:place:{name.decode()}:{user}" if name else f"{real.prefix}:list:{user}"
                for name in names
            ]
            found = reader.mget(keys)
            seen = {parse_version(each).as_of_ms if isinstance(each, bytes) else 0 for each in found}
            torn += [sorted(seen)] * (len(seen) > 1)
            looked += 1
        writing.result()
    assert torn == []


def test_the_stop_list_has_versions_too(real: Real) -> None:
    store = real.writer()
    assert store.write_stops(b'{"v":[1,5,1],"s":["a"]}').written == 1
    assert store.write_stops(b'{"v":[1,4,9],"s":[]}').older == 1
    assert real.client.get(f"{real.prefix}:stops") == b'{"v":[1,5,1],"s":["a"]}'


def test_what_is_told_of_a_shards_records_is_replaced_by_more(real: Real) -> None:
    """Contract: written twice it is the same; fewer records, of before a restart, change nothing."""
    store, more = real.writer(), encode_fates({0: Counter(accepted=9)}, 1)
    assert store.write_tally(b"-3", encode_fates({0: Counter(accepted=2)}, 1)).written == 1
    assert store.write_tally(b"-3", more).written == 1
    assert store.write_tally(b"-3", more).same == 1
    assert store.write_tally(b"-3", encode_fates({0: Counter(accepted=8)}, 1)).older == 1
    assert real.client.get(f"{real.prefix}:tally:-3") == more


def test_a_list_without_its_version_in_front_is_refused(real: Real) -> None:
    """Contract: what could never be compared is never stored; that is a defect of ours, so it is not retried."""
    with pytest.raises(redis.ResponseError, match="a list must start with"):
        real.writer().write([b"u"], [b'{"m":1}'])

    assert real.read(b"u") is None


def test_malformed_bytes_of_one_user_cost_that_user_alone(real: Real) -> None:
    """Contract: a key of another type is left as it is and counted; text that is no list gives way to one."""
    real.client.hset(f"{real.prefix}:list:hash", "p", "x")
    real.client.set(f"{real.prefix}:list:text", "no list")
    users = [b"a", b"hash", b"text", b"z"]

    assert real.writer().write(users, [payload(1, 1, 1)] * 4) == WriteCounts(3, 0, 0, 0, 1)
    assert [real.read(user) for user in (b"a", b"text", b"z")] == [payload(1, 1, 1)] * 3
    assert real.client.type(f"{real.prefix}:list:hash") == b"hash"


@pytest.mark.parametrize(
    ("password", "rights"),
    [
        ("wrong", ["+@all"]),
        ("right", ["+ping"]),
        ("right", ["+eval", "+set"]),
    ],
)
def test_a_login_that_may_not_write_is_refused_at_once(real: Real, password: str, rights: list[str]) -> None:
    """Contract: waiting would not help; the error says what the login needs and shows no password."""
    real.client.acl_setuser("job", enabled=True, passwords=["+right"], commands=rights, keys=["*"], reset=True)
    store = ListStore(real.url.replace("//", f"//job:{password}@"), real.prefix, TTL_MS, sleep=fail_if_called)

    with pytest.raises(ConfigError, match="a login that may run EVAL, GETRANGE and SET") as refused:
        store.write([b"u"], [payload(1, 1, 1)])

    assert refused.value.value == "***"
    store.close()


def test_the_stated_rights_suffice(real: Real) -> None:
    """Contract: EVAL, GETRANGE and SET on the prefix are all that the job needs."""
    rights = ["+eval", "+getrange", "+set"]
    real.client.acl_setuser(
        "least", enabled=True, passwords=["+p"], commands=rights, keys=[f"{real.prefix}:*"], reset=True
    )
    store = ListStore(real.url.replace("//", "//least:p@"), real.prefix, TTL_MS, sleep=fail_if_called)

    assert store.write([b"u"], [payload(1, 1, 1)]).written == 1
    store.close()


def test_a_restart_of_the_server_loses_neither_script_nor_call(own_server: Server, once: Once) -> None:
    """Contract: a server that lost its scripts and its data takes the next call, without an error."""
    retries: list[int] = []
    store = ListStore(
        own_server.url, "t", TTL_MS, PATIENCE_S, on_retry=lambda: retries.append(1), sleep=once(own_server.start)
    )
    store.write([b"u"], [payload(1, 1, 1)])
    own_server.stop()

    assert store.write([b"u"], [payload(1, 1, 1)]).written == 1
    assert retries
    store.close()


@pytest.mark.parametrize(
    ("breaking", "mending"),
    [
        (lambda client: client.config_set("maxmemory", 1), lambda client: client.config_set("maxmemory", 0)),
        (lambda client: client.replicaof("127.0.0.1", 1), lambda client: client.replicaof("NO", "ONE")),
    ],
    ids=["full memory", "read only"],
)
def test_a_server_that_cannot_write_now_is_waited_for(
    own_server: Server,
    once: Once,
    breaking: Callable[[redis.Redis], None],
    mending: Callable[[redis.Redis], None],
) -> None:
    """Contract: full memory and a read-only server block, they neither drop a list nor end the job."""
    client = redis.Redis.from_url(own_server.url)
    breaking(client)
    store = ListStore(own_server.url, "t", TTL_MS, PATIENCE_S, sleep=once(lambda: mending(client)))

    assert store.write([b"u"], [payload(1, 1, 1)]).written == 1
    store.close()
    client.close()


def fail_if_called(_: float) -> None:
    raise AssertionError("it was to be refused at once")
