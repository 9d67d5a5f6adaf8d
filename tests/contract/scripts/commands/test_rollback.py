"""Contract: `tideline rollback` on a real server, where nothing was promoted, or others have written since."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
import redis

from tideline.scripts.commands import promote, rollback
from tideline.udfs.core.serving.batches.fates import MadeBy, encode_fates

if TYPE_CHECKING:
    from tests.contract.conftest import Server

Captured = pytest.CaptureFixture[str]
T = 1_700_000_000_000


def _list(names: str, seq: int = 3, at_ms: int = T) -> str:
    told = {"v": [1, at_ms, seq], "m": 2, "i": list(names), "e": [10] * len(names), "k": names}
    return json.dumps(told, separators=(",", ":"))


def test_where_nothing_was_promoted_nothing_is_taken_back(server: Server, capsys: Captured) -> None:
    for more in ([], ["--yes"]):
        assert rollback.main(["absent", "--prefix", "none", "--redis-url", server.url, *more]) == 0
        assert "0 users get their lists back" in capsys.readouterr().out


def test_replays_that_were_promoted_one_over_the_other_are_taken_back_in_turn(server: Server, capsys: Captured) -> None:
    """Contract: the lower one waits for the upper one, and what live wrote since stays for good."""
    where = ["--prefix", "turn", "--redis-url", server.url, "--yes", "--json"]

    def told(verb: Any, name: str) -> Any:
        assert verb.main([name, *where]) == 0
        return json.loads(capsys.readouterr().out)

    with redis.Redis.from_url(server.url, decode_responses=True) as client:
        for name in ("one", "two"):
            client.set(f"turn@{name}:tally:0", encode_fates({0: Counter(accepted=2)}, 1, MadeBy("policy")))
        for user in ("u", "w"):
            client.mset({f"turn:list:{user}": _list("ab"), f"turn@one:list:{user}": _list("ba")})
            client.set(f"turn@two:list:{user}", _list("c"))
        assert told(promote, "one")["promoted"] == told(promote, "two")["promoted"] == 2
        client.set("turn:list:w", _list("new", 4, T + 1))
        assert [told(rollback, "one")[key] for key in ("taken_back", "moved_on")] == [0, 2]
        assert [told(rollback, "two")[key] for key in ("taken_back", "moved_on")] == [1, 1]
        assert client.get("turn:list:u") == _list("ba")
        assert [told(rollback, "one")[key] for key in ("taken_back", "moved_on")] == [1, 1]
        assert client.mget("turn:list:u", "turn:list:w") == [_list("ab"), _list("new", 4, T + 1)]
