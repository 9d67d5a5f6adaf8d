"""Contract: keys of one namespace are found and deleted; lists change places only if what is there was looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
import redis

from tideline.scripts.comparison.namespaces import Swap, deleted, scanned, swap
from tideline.scripts.comparison.promotion import digest_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.contract.conftest import Server

ODD = (b"u", b"", b"*", b"a:b", "é\n".encode(), b"\xff", b"[a-z]?\\")


@pytest.fixture
def client(server: Server) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(server.url) as opened:
        yield opened


def test_keys_of_one_start_are_found_and_deleted_and_no_others(client: redis.Redis) -> None:
    """Contract: whatever stands in the start or behind it, also what Redis takes for a pattern."""
    start, other = b"%b[*]:list:" % uuid4().hex.encode(), uuid4().hex.encode()
    client.mset({start + rest: "v" for rest in ODD} | {other: "v"})
    client.mset({b"%bn%d" % (start, at): "v" for at in range(2_500)})
    rests = set(ODD) | {b"n%d" % at for at in range(2_500)}
    assert set(scanned(client, start)) == rests
    assert deleted(client, start, really=False) == len(rests)
    assert set(scanned(client, start)) == rests
    assert deleted(client, start, really=True) == len(rests)
    assert deleted(client, start, really=True) == 0
    assert client.get(other) == b"v"


def test_all_lists_of_a_user_change_places_or_none_does(client: redis.Redis) -> None:
    """Contract: one that is not what was looked at, is gone, has come or is no string leaves the user as he was."""
    start = uuid4().hex.encode()
    one, two = start + b"1", start + b"2"

    def swapped(*first: bytes | None) -> list[list[bool]]:
        wanted = zip((one, two), first, strict=True)
        return swap(client, [[Swap(key, digest_of(was), b"new") for key, was in wanted]])

    client.set(one, "a")
    assert swapped(b"a", b"b") == swapped(b"x", None) == swapped(None, None) == [[False, False]]
    assert client.mget(one, two) == [b"a", None]
    client.hset(two.decode(), "a", "b")
    assert swapped(b"a", None) == [[False, False]]
    client.delete(two)
    assert swapped(b"a", None) == [[True, True]]
    assert client.mget(one, two) == [b"new", b"new"]


def test_a_list_lives_as_long_as_the_one_before_it_unless_another_time_is_said(client: redis.Redis) -> None:
    key = uuid4().hex.encode()
    client.set(key, "a", px=500_000)
    assert swap(client, [[Swap(key, digest_of(b"a"), b"b")]]) == [[True]]
    assert 0 < client.pttl(key) <= 500_000  # type: ignore[operator]
    assert swap(client, [[Swap(key, digest_of(b"b"), b"c", 90_000)]]) == [[True]]
    assert 0 < client.pttl(key) <= 90_000  # type: ignore[operator]
    assert swap(client, [[Swap(key, digest_of(b"c"), b"")]]) == [[True]]
    assert client.exists(key) == 0
    assert swap(client, [[Swap(key, digest_of(None), b"d", 70_000)], [Swap(key, digest_of(b"x"), b"e")]]) == [
        [True],
        [False],
    ]
    assert 0 < client.pttl(key) <= 70_000  # type: ignore[operator]
