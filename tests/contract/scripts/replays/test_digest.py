"""Contract: the digest of a replay is over exactly its lists, whoever the users are and in whatever order they are."""

from __future__ import annotations

import hashlib
from collections import Counter
from random import Random
from typing import TYPE_CHECKING

import pytest
import redis

from tideline.schemas.errors import ConfigError
from tideline.scripts.replays.digest import digest, is_used, makers, tallies
from tideline.udfs.core.serving.batches.fates import MadeBy, encode_fates

if TYPE_CHECKING:
    from tests.contract.conftest import Server

_USERS = ["u1", "usuário 1", "a:b", "{u}", "*", "a\nb\x1b[31m", "x" * 500, *(f"n{at}" for at in range(2_300))]


def _hash(lists: dict[bytes, bytes]) -> str:
    told = b"".join(len(each).to_bytes(8, "big") + each for name in sorted(lists) for each in (name, lists[name]))
    return hashlib.sha256(told).hexdigest()


def test_a_digest_is_of_the_lists_and_of_nothing_else(server: Server) -> None:
    """Contract: by the bytes of the names; another namespace, popular lists, stops and tallies are not in it."""
    lists = {f"list:{user}".encode(): f"list of {user}".encode() for user in _USERS}
    placed = {f"place:home:{user}".encode(): b"placed" for user in _USERS[:5]}
    with redis.Redis.from_url(server.url) as client:
        for seed, namespace in enumerate(["t[1]@a", "t[1]@b", "t1@a"]):
            names = [*lists, *placed]
            Random(seed).shuffle(names)
            for name in names:
                client.set(f"{namespace}:".encode() + name, (lists | placed)[name])
            client.set(f"{namespace}:popular", f"{seed}")
            client.set(f"{namespace}:stops", f"{seed}")
        found = digest(client, "t[1]@a")
        assert found == (len(lists), _hash(lists | placed)) == digest(client, "t[1]@b")
        client.set("t[1]@b:list:u1", "list of u2")
        assert digest(client, "t[1]@b").sha256 not in {found.sha256, _hash(lists)}
        client.delete("t[1]@a:list:u1")
        assert digest(client, "t[1]@a").lists == len(lists) - 1
        assert digest(client, "nobody") == (0, hashlib.sha256().hexdigest())


def test_a_namespace_is_used_when_it_holds_anything(server: Server) -> None:
    """Contract: tallies of its shards are read, each once; one that is longer or shorter by a letter is another."""
    sums = {0: Counter(accepted=3), 4: Counter(late=1)}
    with redis.Redis.from_url(server.url) as client:
        client.set("used@x:tally:7", encode_fates(sums, 1))
        client.set("used@x:tally:-3", encode_fates(sums, 1))
        assert tallies(client, "used@x") == [sums, sums]
        assert makers(client, "used@x") == {MadeBy()}
        client.set("used@x:tally:7", encode_fates(sums, 1, MadeBy("policy-short", "1/16")))
        client.set("used@x:tally:-3", encode_fates(sums, 1, MadeBy("policy")))
        assert tallies(client, "used@x") == [sums] * 2
        assert makers(client, "used@x") == {MadeBy("policy-short", "1/16"), MadeBy("policy")}
        assert makers(client, "used@") == set()
        assert tallies(client, "used@") == tallies(client, "used") == []
        assert [is_used(client, name) for name in ("used@x", "used@", "used", "used@xx")] == [True, False, False, False]


@pytest.mark.parametrize("other", [b'{"v":[1,0,3],"f":9,"p":{}}', b"?", b"[]", b"", b"7", b"\xff"])
def test_sums_of_another_build_are_refused_in_one_line(server: Server, other: bytes) -> None:
    """Contract: no stack trace, whatever stands under the key."""
    with redis.Redis.from_url(server.url) as client:
        client.set("odd@x:tally:7", other)
        for read in (tallies, makers):
            with pytest.raises(ConfigError, match="namespace='odd@x' cannot be used; allowed: a replay whose sums"):
                read(client, "odd@x")
