"""Contract: `tideline promote` tells, refuses or does it, on a real server, and `tideline rollback` undoes it."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
import redis

from tideline.scripts.commands import promote, rollback
from tideline.udfs.core.serving.batches.fates import MadeBy, encode_fates

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.contract.conftest import Server

Captured = pytest.CaptureFixture[str]
T = 1_700_000_000_000


def _list(names: str, seq: int = 3, at_ms: int = T) -> str:
    told = {"v": [1, at_ms, seq], "m": 2, "i": list(names), "e": [10] * len(names), "k": names}
    return json.dumps(told, separators=(",", ":"))


@pytest.fixture
def client(server: Server) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(server.url, decode_responses=True) as opened:
        opened.flushdb()
        yield opened


def _ended(
    client: redis.Redis,
    replay: str = "tideline@monday",
    policy: str | None = "policy",
    users: str = "",
    rules: str = "",
) -> None:
    """Leave what a replay does at its end."""
    client.set(f"{replay}:tally:3", encode_fates({0: Counter(accepted=3)}, 1, MadeBy(policy, users, rules)))


def _held(client: redis.Redis) -> dict[str, Any]:
    return {key: client.get(key) for key in client.scan_iter()}


def _told(capsys: Captured) -> Any:
    return json.loads(capsys.readouterr().out)


def test_a_replay_is_told_promoted_and_taken_back(server: Server, client: redis.Redis, capsys: Captured) -> None:
    """Contract: without --yes nothing changes; each verb says how many; twice is once."""
    where = ["monday", "--redis-url", server.url, "--prefix", "t[1]"]
    for user in ("u", "é", "x y"):
        client.set(f"t[1]:list:{user}", _list("ab"), ex=500)
        client.set(f"t[1]@monday:list:{user}", _list("ba"), ex=500)
    _ended(client, "t[1]@monday")
    client.set("t[1]:list:on", _list("ab", 4, T + 1))
    client.set("t[1]@monday:list:on", _list("ba"))
    before = _held(client)
    assert promote.main(where) == 0
    told = capsys.readouterr().out
    assert "t[1]@monday in the place of t[1]: 4 users" in told
    assert "3  have, or would have, the replay's lists" in told
    assert "nothing was changed; --yes does it" in told
    assert promote.main([*where, "--json"]) == 0
    counts = {"unreadable": 0, "erased": 0, "later": 1, "behind": 0, "overtaken": 0, "promoted": 3, "same": 0}
    whole: dict[str, Any] = {
        "replay": "t[1]@monday",
        "live": "t[1]",
        "users": 4,
        "popular": None,
        "ahead": {},
        **counts,
    }
    assert _told(capsys) == {**whole, "done": False}
    assert _held(client) == before
    assert promote.main([*where, "--json", "--yes"]) == 0
    assert _told(capsys) == {**whole, "done": True}
    assert client.get("t[1]:list:x y") == _list("ba")
    assert promote.main([*where, "--json", "--yes"]) == 0
    assert _told(capsys) == {**whole, "done": True, "promoted": 0, "same": 3}
    assert rollback.main(where) == 0
    assert "3 users get their lists back, 0 have other ones by now" in capsys.readouterr().out
    for times in (3, 0):
        assert rollback.main([*where, "--yes", "--json"]) == 0
        ends = {"taken_back": times, "moved_on": 0, "popular": None}
        assert _told(capsys) == {"replay": "t[1]@monday", "live": "t[1]", "done": True, **ends}
    assert _held(client) == before


def test_who_is_overtaken_is_refused_until_it_is_said_what_he_gets(
    server: Server, client: redis.Redis, capsys: Captured
) -> None:
    """Contract: status 1 with how many and what to say, and nothing is written, not even for the others."""
    where = ["monday", "--redis-url", server.url, "--json"]
    for user, seq in (("u", 3), ("over", 4)):
        client.set(f"tideline:list:{user}", _list("ab", seq))
        client.set(f"tideline@monday:list:{user}", _list("ba"))
    _ended(client)
    assert promote.main(where) == 0
    found = _told(capsys)
    assert (found["overtaken"], found["ahead"]) == (1, {"1": 1})
    assert promote.main(where[:-1]) == 0
    assert "overtaken users by how many updates: 1: 1" in capsys.readouterr().out
    assert promote.main([*where, "--republished", "1"]) == 0
    assert (found := _told(capsys))["promoted"] == 2
    assert found["ahead"] == {}
    assert promote.main([*where, "--yes"]) == 1
    refused = capsys.readouterr().err
    assert "--overtaken=None cannot be used; allowed: keep or replace: 1 of 2 live lists know" in refused
    assert "(--republished N); users by how many updates: 1: 1" in refused
    assert client.get("tideline:list:u") == _list("ab")
    assert promote.main([*where, "--yes", "--overtaken", "keep"]) == 0
    assert (_told(capsys)["promoted"], client.get("tideline:list:over")) == (1, _list("ab", 4))
    assert promote.main([*where, "--yes", "--overtaken", "replace"]) == 0
    assert (_told(capsys)["promoted"], client.get("tideline:list:over")) == (1, _list("ba", 4))


def test_a_replay_without_lists_or_with_other_placements_is_refused(
    server: Server, client: redis.Redis, capsys: Captured
) -> None:
    where = ["monday", "--redis-url", server.url, "--yes"]
    assert promote.main(where) == 3
    assert "a replay whose lists are there" in capsys.readouterr().err
    assert promote.main([*where, "--prefix", "\udcff"]) == 3
    capsys.readouterr()
    assert rollback.main([*where, "--prefix", "\udcff"]) == 0
    assert "\\xff@monday" in capsys.readouterr().out
    client.set("tideline@monday:list:u", _list("ba"))
    client.set("tideline:list:u", _list("ab"))
    _ended(client)
    client.set("tideline:place:\x1b[31mx:u", _list("ab"))
    assert promote.main(where) == 1
    assert "\x1b" not in capsys.readouterr().err
    client.delete("tideline:place:\x1b[31mx:u")
    client.set("tideline:place:cart:u", _list("ab"))
    assert promote.main(where) == 1
    assert "a replay with the placements of the live job: cart" in capsys.readouterr().err
    assert client.get("tideline:list:u") == _list("ab")


def test_what_is_no_list_is_left_alone(server: Server, client: redis.Redis, capsys: Captured) -> None:
    """Contract: other people's values under these keys, strings or not, are counted and stay."""
    for at, odd in enumerate(["", "{}", "[1]", _list("a")[:20]]):
        client.set(f"tideline:list:n{at}", odd)
        client.set(f"tideline@monday:list:n{at}", _list("ba"))
        client.set(f"tideline:list:t{at}", _list("ab"))
        client.set(f"tideline@monday:list:t{at}", odd)
    _ended(client)
    client.hset("tideline:list:hash", "a", "b")
    client.set("tideline@monday:list:hash", _list("ba"))
    assert promote.main(["monday", "--redis-url", server.url, "--yes", "--json"]) == 0
    found = _told(capsys)
    assert (found["promoted"], found["unreadable"], found["later"]) == (0, 8, 1)
    assert client.hget("tideline:list:hash", "a") == "b"
    assert client.get("tideline:list:n1") == "{}"
    assert not client.exists("tideline@monday:was:list:hash")


def test_lists_whose_tokens_name_another_topics_versions_are_refused(
    server: Server, client: redis.Redis, capsys: Captured
) -> None:
    """Contract: the live job would look them up in its own and log numbers of other rows; nothing is written."""
    where = ["monday", "--redis-url", server.url]
    client.set("tideline:list:u", _list("ab"))
    client.set("tideline@monday:list:u", _list("ba"))
    for more in ((), ("--yes",)):
        assert promote.main([*where, *more]) == 1
        assert "a replay that has ended, by this build" in capsys.readouterr().err
    for policy, told in (
        ("policy-short", "the live job's policy topic, policy, not by policy-short, whose versions tokens"),
        ("policy\x1b[31m", "not by policy"),
        (None, "or run it again"),
    ):
        _ended(client, policy=policy)
        assert promote.main([*where, "--yes", "--overtaken", "replace"]) == 1
        said = capsys.readouterr().err
        assert told in said
        assert "\x1b" not in said
    client.set("tideline@monday:tally:4", encode_fates({}, 1, MadeBy("policy")))
    assert promote.main([*where, "--yes"]) == 1
    assert client.get("tideline:list:u") == _list("ab")
    client.delete("tideline@monday:tally:4")
    _ended(client, policy="policy-eu")
    assert promote.main([*where, "--yes", "--policy-topic", "policy-eu"]) == 0
    assert client.get("tideline:list:u") == _list("ba")


def test_lists_of_some_users_or_without_a_rule_are_refused(
    server: Server, client: redis.Redis, capsys: Captured
) -> None:
    """Contract: with what to do; nothing is written, and nothing of what is told reaches a terminal as it is."""
    where = ["monday", "--redis-url", server.url]
    client.set("tideline:list:u", _list("ab"))
    client.set("tideline@monday:list:u", _list("ba"))
    for users in ("1/16", "3 by name", "\x1b[31m"):
        _ended(client, users=users)
        assert promote.main([*where, "--yes", "--overtaken", "replace"]) == 1
        said = capsys.readouterr().err
        assert "allowed: a replay of all users, not of some" in said
        assert "\x1b" not in said
    _ended(client, rules="caps\x1b[31m")
    assert promote.main([*where, "--yes", "--overtaken", "replace"]) == 1
    said = capsys.readouterr().err
    assert "a replay in which all rules hold, not one without caps" in said
    assert "\x1b" not in said
    assert client.get("tideline:list:u") == _list("ab")
