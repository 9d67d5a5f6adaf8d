"""Contract: `tideline diff` compares the lists of two namespaces on a real server, whoever the users are."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest
import redis
from pyarrow import parquet

from tests.support.core_world import KEYS
from tests.support.list_world import make_world
from tideline.scripts.commands.diff import main

if TYPE_CHECKING:
    from pathlib import Path

    from tests.contract.conftest import Server

Captured = pytest.CaptureFixture[str]
_USERS = ["u1", "usuário 1", "a:b", "{u}", "*", "a\nb\x1b[31m", "x" * 500]


def _list(names: str, at_ms: int = 1_700_000_000_000) -> str:
    return json.dumps({"v": [1, at_ms, 3], "m": 2, "i": list(names), "e": [10] * len(names), "k": "t"})


def test_every_user_of_both_is_compared_once_and_the_others_are_counted(
    server: Server, capsys: Captured, tmp_path: Path
) -> None:
    """Contract: 2,500 users who have both, of whom any id; of the others how many; what is no list is set aside."""
    many = [*_USERS, *(f"n{at}" for at in range(2_493))]
    with redis.Redis.from_url(server.url) as admin, admin.pipeline() as told:
        for at, user in enumerate(many):
            told.set(f"tide[1]:list:{user}", _list("abc"))
            told.set(f"tide[1]@monday:list:{user}", _list("abc" if at % 2 else "cab"))
        told.set("tide[1]:list:live_only", _list("a"))
        told.set("tide[1]@monday:list:replay_only", _list("a"))
        for at, odd in enumerate(["{}", "[]", _list("aa"), _list("a").replace('"a"', "7"), "\\x00"]):
            told.set(f"tide[1]:list:odd{at}", odd)
            told.set(f"tide[1]@monday:list:odd{at}", _list("a"))
        told.set("tide1:list:of_another", _list("a"))
        told.execute()
    assert main(["monday", "--prefix", "tide[1]", "--redis-url", server.url, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    counts = [found[name] for name in ("users", "changed", "moved_on", "only_now", "only_then", "unreadable")]
    assert counts == [2_500, 1_250, 0, 1, 1, 5]
    assert {each["activity_id"]: (each["now"], each["then"]) for each in found["activities"]} == dict.fromkeys(
        "abc", (2500, 2500)
    )
    assert main(["monday", "--prefix", "tide[1]", "--redis-url", server.url]) == 0
    told_people = capsys.readouterr().out
    assert "2,500 users have both lists, 1,250 (50.0%) would see another one" in told_people
    assert "\x1b" not in told_people
    page = tmp_path / "diff.html"
    where = ["--prefix", "tide[1]", "--redis-url", server.url, "--html"]
    assert main(["monday", *where, str(page)]) == 0
    assert "2,500 users have both lists; 1,250 (50.0%)" in page.read_text()
    assert main(["monday", *where, str(tmp_path)]) == 1
    assert "diff: " in capsys.readouterr().err


def test_where_nobody_has_both_the_data_cannot_say(server: Server, capsys: Captured) -> None:
    assert main(["absent", "--prefix", "nobody", "--redis-url", server.url]) == 3
    assert "0 of nobody@absent" in capsys.readouterr().err
    assert main(["absent", "--prefix", "\udcff", "--redis-url", server.url]) == 3
    capsys.readouterr()
    assert main(["live", "--prefix", "nobody", "--redis-url", server.url]) == 1
    assert "another one than live" in capsys.readouterr().err


def test_a_log_says_what_the_lists_would_have_earned(
    server: Server, capsys: Captured, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Contract: for machines, people and the page; without a log, or with one of no use, the reason stands there."""
    world, log, page = make_world(2, 2_400, shift=0.5), tmp_path / "log.parquet", tmp_path / "diff.html"
    parquet.write_table(pa.table(world.columns), log)
    with redis.Redis.from_url(server.url) as admin, admin.pipeline() as told:
        for each in world.pairs:
            for prefix, made in (("worth", each.now), ("worth@monday", each.then)):
                payload = {"v": made.version, "m": 3, "i": made.activities, "e": [10] * 4, "k": made.token}
                told.set(f"{prefix}:list:{each.user}", json.dumps(payload))
        told.execute()
    where = ["monday", "--prefix", "worth", "--redis-url", server.url]
    assert main([*where, "--json"]) == 0
    none = json.loads(capsys.readouterr().out)["value"]
    assert (none["then"], none["now"], none["rows"]) == (None, None, 0)
    assert "no log was named: --log" in none["refused"]
    monkeypatch.delenv("TIDELINE_TOKEN_KEYS", raising=False)
    assert main([*where, "--log", str(log)]) == 1
    assert "TIDELINE_TOKEN_KEYS" in capsys.readouterr().err
    monkeypatch.setenv("TIDELINE_TOKEN_KEYS", json.dumps({key: each.hex() for key, each in KEYS.secrets.items()}))
    assert main([*where, "--log", str(log), "--json", "--html", str(page)]) == 0
    found = json.loads(capsys.readouterr().out)["value"]
    assert found["refused"] is None
    low, high = found["difference"]["ci95"]
    assert low <= world.then - world.now <= high
    assert f"{found['then']['value']:.5f}" in page.read_text()
    assert main([*where, "--log", str(log)]) == 0
    assert f"then           {found['then']['value']:.5f}   95 % " in capsys.readouterr().out
    assert main([*where, "--log", str(log), "--reward", "worth"]) == 1
    assert "it has no column worth" in capsys.readouterr().err
    log.write_text("no table")
    assert main([*where, "--log", str(log)]) == 1
    assert "of `tideline export`" in capsys.readouterr().err
