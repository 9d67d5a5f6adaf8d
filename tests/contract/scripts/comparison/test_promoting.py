"""Contract: a replay is promoted and taken back on a real server, under a reader and under live writes."""

from __future__ import annotations

import json
import threading
from collections import Counter
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
import redis

from tests.support.list_stores import TTL_MS
from tests.support.waiting import PATIENCE_S, wait_until
from tideline.scripts.comparison.promoting import Names, Return, promote, returnable, take_back, weighed
from tideline.scripts.comparison.promotion import STRICT, Fate, Rule
from tideline.udfs.core.lists.erased_list import erased_list
from tideline.udfs.core.lists.list_version import ListVersion
from tideline.udfs.io.list_store import ListStore

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.contract.conftest import Server

T = 1_700_000_000_000
KEEP_MS = 600_000
PLACES = (b"", b"cart")
Page = tuple[bytes | None, ...]


def of(source: str, *version: int) -> bytes:
    """Return a list whose one entry says where it is from."""
    told = {"v": list(version), "m": 1, "i": [source], "e": [5], "k": source}
    return json.dumps(told, separators=(",", ":")).encode()


class Shop:
    """Live lists and a replay's under a prefix of the test's own, written as the jobs write them."""

    def __init__(self, url: str) -> None:
        prefix = f"test-{uuid4()}"
        self.names = Names(prefix.encode(), f"{prefix}@monday".encode())
        self.client = redis.Redis.from_url(url)
        self.live = ListStore(url, prefix, TTL_MS, deadline_s=PATIENCE_S)
        self.replay = ListStore(url, f"{prefix}@monday", TTL_MS, deadline_s=PATIENCE_S)
        self.url = url

    def write(self, store: ListStore, users: list[bytes], source: str, *version: int) -> None:
        every = [user for user in users for _ in PLACES]
        store.write(every, [of(source, *version)] * len(every), PLACES * len(users))

    def page(self, user: bytes, client: redis.Redis | None = None) -> Page:
        keys = [b"%b:list:%b" % (self.names.live, user), b"%b:place:cart:%b" % (self.names.live, user)]
        return tuple((client or self.client).mget(keys))  # type: ignore[arg-type]

    def promote(self, rule: Rule = STRICT) -> Counter[Fate]:
        return promote(self.client, self.names, KEEP_MS, rule).users

    def close(self) -> None:
        self.live.close()
        self.replay.close()
        self.client.close()


@pytest.fixture
def shop(server: Server) -> Iterator[Shop]:
    opened = Shop(server.url)
    yield opened
    opened.close()


def test_promoted_is_given_back_and_promoted_again_each_time_twice(shop: Shop) -> None:
    """Contract: counts, pages and times to live; to do it twice is to do it once; whoever moved on is left alone."""
    still, later, odd = [b"a", b"a:b", b"*"], [b"on"], [b"absent"]
    shop.write(shop.live, still + later, "live", 1, T, 3)
    shop.write(shop.replay, still + later + odd, "replay", 1, T, 3)
    shop.write(shop.live, later, "live", 1, T + 1, 4)
    told = weighed(shop.client, shop.names, STRICT)
    assert told.users == Counter({Fate.PROMOTED: 4, Fate.LATER: 1})
    assert shop.page(b"a") == (of("live", 1, T, 3),) * 2
    assert not shop.client.keys(shop.names.kept + b"*")
    for _ in range(2):
        assert shop.promote() == told.users
        assert shop.promote() == Counter({Fate.SAME: 4, Fate.LATER: 1})
        assert [shop.page(user) for user in still] == [(of("replay", 1, T, 3),) * 2] * 3
        assert shop.page(b"on") == (of("live", 1, T + 1, 4),) * 2
        assert shop.page(b"absent") == (of("replay", 1, T, 0),) * 2
        assert 0 < shop.client.pttl(shop.names.live + b":list:absent") <= TTL_MS  # type: ignore[operator]
        assert 0 < shop.client.pttl(shop.names.live + b":list:a") <= TTL_MS  # type: ignore[operator]
        assert 0 < shop.client.pttl(shop.names.kept + b"list:a") <= KEEP_MS  # type: ignore[operator]
        assert returnable(shop.client, shop.names) == Return(4, 0, None)
        assert take_back(shop.client, shop.names) == Return(4, 0, None)
        assert take_back(shop.client, shop.names) == Return(0, 0, None)
        assert [shop.page(user) for user in still] == [(of("live", 1, T, 3),) * 2] * 3
        assert shop.page(b"absent") == (None, None)


def test_the_live_job_s_next_list_stays_and_its_former_ones_do_not_come_back(shop: Shop) -> None:
    """Contract: what live writes behind a promotion wins if it is newer, whatever is promoted or taken back then."""
    shop.write(shop.live, [b"u", b"v", b"w"], "live", 1, T, 3)
    shop.write(shop.replay, [b"u", b"v", b"w"], "replay", 1, T, 3)
    shop.promote()
    shop.write(shop.live, [b"u"], "live", 1, T, 3)  # again, after a restart
    shop.write(shop.live, [b"u"], "live", 1, T - 5, 2)
    assert shop.page(b"u") == (of("replay", 1, T, 3),) * 2
    shop.write(shop.live, [b"v"], "live", 1, T, 4)  # a late event: the same moment, one update more
    shop.live.write([b"w", b"w"], [erased_list(ListVersion(1, T, 4))] * 2, PLACES)
    assert returnable(shop.client, shop.names) == Return(1, 2, None)
    assert take_back(shop.client, shop.names) == Return(1, 2, None)
    assert shop.promote() == Counter({Fate.PROMOTED: 1, Fate.OVERTAKEN: 1, Fate.ERASED: 1})
    assert shop.page(b"v") == (of("live", 1, T, 4),) * 2
    assert shop.page(b"w") == (erased_list(ListVersion(1, T, 4)),) * 2
    assert shop.promote(Rule(overtaken_too=True)) == Counter({Fate.SAME: 1, Fate.PROMOTED: 1, Fate.ERASED: 1})
    assert shop.page(b"v") == (of("replay", 1, T, 4),) * 2


def test_popular_lists_follow_the_same_rule(shop: Shop) -> None:
    """Contract: with those of placements, all or none; stops are never promoted."""
    names = {b"": of("live", 1, T, 3), b"cart": of("live", 1, T, 3)}
    shop.live.write_popular(names)
    shop.live.write_stops(b'{"v":[1,1,1],"s":["x"]}')
    shop.write(shop.replay, [b"u"], "replay", 1, T, 3)
    shop.replay.write_popular({name: of("replay", 1, T, 3) for name in names})
    shop.replay.write_stops(b'{"v":[1,1,1],"s":[]}')
    popular = [shop.names.live + b":popular", shop.names.live + b":popular:cart", shop.names.live + b":stops"]
    assert promote(shop.client, shop.names, KEEP_MS, STRICT).popular is Fate.PROMOTED
    stops = b'{"v":[1,1,1],"s":["x"]}'
    assert shop.client.mget(popular) == [of("replay", 1, T, 3), of("replay", 1, T, 3), stops]
    assert take_back(shop.client, shop.names).popular is True
    assert shop.client.mget(popular) == [of("live", 1, T, 3), of("live", 1, T, 3), stops]
    shop.live.write_popular({b"": of("live", 1, T + 1, 1)})
    assert promote(shop.client, shop.names, KEEP_MS, STRICT).popular is Fate.LATER


def test_under_a_reader_and_live_writes_each_page_is_wholly_one_or_the_other(shop: Shop) -> None:
    """Contract: through promotion, rollback and a second promotion of 3,000 users no page is a mixture, no version
    goes back, and what live writes meanwhile is there in the end."""
    users = [b"u%d" % at for at in range(3_000)]
    shop.write(shop.live, users, "live", 1, T, 3)
    shop.write(shop.replay, users, "replay", 1, T, 3)
    load = Load(shop, users)
    load.start()
    wait_until("live writes", lambda: load.written > 50)
    counts = []
    for _ in range(2):
        counts.append(shop.promote())
        before = load.pages
        wait_until("everybody is read", lambda seen=before: load.pages > seen + 2 * len(users))  # type: ignore[misc]
        taken = take_back(shop.client, shop.names)
        assert taken.taken_back > 0
    counts.append(shop.promote())
    load.stop()
    assert load.wrong == []
    assert load.sources >= {"live", "replay"}
    assert all(each.total() == len(users) and each[Fate.PROMOTED] > 0 for each in counts)
    for user in users:
        source, version = ("live", load.newest[user]) if user in load.newest else ("replay", T)
        assert shop.page(user) == (of(source, 1, version, 4 if source == "live" else 3),) * 2


class Load:
    """A writer that gives one user after the other a newer list, in between older ones; a reader who remembers."""

    def __init__(self, shop: Shop, users: list[bytes]) -> None:
        self.wrong: list[tuple[bytes, Page]] = []
        self.sources: set[str] = set()
        self.newest: dict[bytes, int] = {}
        self.pages = self.written = 0
        self._shop, self._users, self._over = shop, users, threading.Event()
        self._failures: list[BaseException] = []
        self._threads = [
            threading.Thread(target=self._kept, args=[work], daemon=True) for work in (self._write, self._look)
        ]

    def start(self) -> None:
        for each in self._threads:
            each.start()

    def stop(self) -> None:
        self._over.set()
        for each in self._threads:
            each.join()
        for failure in self._failures:
            raise failure

    def _kept(self, work: Any) -> None:
        try:
            work()
        except BaseException as error:
            self._failures.append(error)

    def _write(self) -> None:
        """Every third user comes by; of the others lists are written again, as after a restart."""
        for at, user in enumerate(self._users * 1_000):
            if self._over.is_set():
                return
            if at % 3 == 0 and at < len(self._users):
                self.newest[user] = T + 1 + at
                self._shop.write(self._shop.live, [user], "live", 1, T + 1 + at, 4)
            else:
                self._shop.write(self._shop.live, [user], "live", 1, T, 3)
            self.written += 1

    def _look(self) -> None:
        seen: dict[bytes, list[int]] = {}
        with redis.Redis.from_url(self._shop.url) as client:
            while not self._over.is_set():
                for user in self._users:
                    page = self._shop.page(user, client)
                    told = json.loads(page[0] or b"{}")
                    if len(set(page)) != 1 or told["v"] < seen.get(user, told["v"]):
                        self.wrong.append((user, page))
                    seen[user] = told["v"]
                    self.sources.add(told["k"])
                    self.pages += 1
