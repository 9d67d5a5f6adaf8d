"""Contract: the lines of Python and of Node in the frontend's contract work as they stand there.

Node's run where there is a `node`; both get the same lists and must do the same.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import Any, NamedTuple, Protocol

import fakeredis
import pytest

from tests.support.doc_pages import ROOT, blocks
from tideline.schemas.codec import MAX_AHEAD_MS, decode_event
from tideline.schemas.events import EventType
from tideline.schemas.registry import SCHEMAS_PATH

_CODE = {block.language: block.code for block in blocks((ROOT / "docs/contracts/frontend.md").read_text())}
_EXAMPLE: dict[str, Any] = json.loads((SCHEMAS_PATH / "examples" / "ranked_list.json").read_text())
_USER = "usuário 1"
_MINUTE_MS = 60_000
_MOST_LINES = 30

_NODE = """
let told = "";
process.stdin.on("data", (part) => (told += part)).on("end", async () => {
  const { lists, user, nowMs, kind, more } = JSON.parse(told);
  const redis = { mget: async (...keys) => keys.map((key) => lists[key] ?? null) };
  const found = await readList(redis, user, nowMs);
  const sent = [];
  const producer = { send: async ({ topic, messages }) => sent.push([topic, messages[0].key, messages[0].value]) };
  if (found.entries.length) await report(producer, user, kind, found.entries[0], found.token, nowMs, more);
  const entries = found.entries.map(({ position, activity, variant }) => [position, activity, variant]);
  console.log(JSON.stringify({ entries, token: found.token, sent }));
});
"""


class Seen(NamedTuple):
    """What the lines found and sent: entries as (position, activity, variant), records as (topic, key, value)."""

    entries: list[tuple[int, str, str | None]]
    token: str | None
    sent: list[tuple[str, bytes, bytes]]


class Frontend(Protocol):
    """Reads a user's list out of those given by key, and reports on its first entry."""

    def __call__(self, lists: dict[str, str], now_ms: int, kind: str = "click", **more: float) -> Seen:
        """Run the documented lines once."""


class _Producer:
    def __init__(self) -> None:
        self.sent: list[tuple[str, bytes, bytes]] = []

    def send(self, topic: str, *, key: bytes, value: bytes) -> None:
        self.sent.append((topic, key, value))


def _in_python(lists: dict[str, str], now_ms: int, kind: str = "click", **more: float) -> Seen:
    documented: dict[str, Any] = {}
    exec(_CODE["python"], documented)  # noqa: S102 - that it runs is what is tested
    redis, producer = fakeredis.FakeRedis(), _Producer()
    for key, payload in lists.items():
        redis.set(key, payload)
    entries, token = documented["read_list"](redis, _USER, now_ms)
    if entries:
        documented["report"](producer, _USER, kind, entries[0], token, now_ms, **more)
    return Seen(entries, token, producer.sent)


def _in_node(lists: dict[str, str], now_ms: int, kind: str = "click", **more: float) -> Seen:
    told = json.dumps({"lists": lists, "user": _USER, "nowMs": now_ms, "kind": kind, "more": more})
    ran = subprocess.run(
        ["node", "--eval", _CODE["js"] + _NODE], input=told, capture_output=True, text=True, check=True, timeout=60
    )
    found = json.loads(ran.stdout)
    sent = [(topic, key.encode(), value.encode()) for topic, key, value in found["sent"]]
    return Seen([tuple(entry) for entry in found["entries"]], found["token"], sent)


_LANGUAGES = [pytest.param(_in_python, id="python")]
if shutil.which("node"):
    _LANGUAGES.append(pytest.param(_in_node, id="node"))


def _list(**changed: Any) -> str:
    return json.dumps(_EXAMPLE | changed)


def _ends_ms(entry: int) -> int:
    return int((_EXAMPLE["v"][1] // _MINUTE_MS + _EXAMPLE["e"][entry]) * _MINUTE_MS)


@pytest.mark.parametrize("language", ["python", "js"])
def test_thirty_lines_are_enough(language: str) -> None:
    assert sum(1 for line in _CODE[language].splitlines() if line.strip()) <= _MOST_LINES


@pytest.mark.parametrize("frontend", _LANGUAGES)
def test_an_entry_is_drawn_until_the_minute_in_which_it_ends_and_keeps_its_position(frontend: Frontend) -> None:
    """Contract: entry n is dropped once floor(now_ms / 60000) >= floor(v[1] / 60000) + e[n]; positions stay."""
    lists = {f"tideline:list:{_USER}": _list(e=[35, 1440])}
    first_ends_ms = int((_EXAMPLE["v"][1] // _MINUTE_MS + 35) * _MINUTE_MS)

    before, after = frontend(lists, first_ends_ms - 1), frontend(lists, first_ends_ms)

    assert before.entries == [(0, "coupon-18", None), (1, "flash-3", None)]
    assert after.entries == [(1, "flash-3", None)]
    assert before.token == after.token == _EXAMPLE["k"]


@pytest.mark.parametrize("frontend", _LANGUAGES)
@pytest.mark.parametrize("own", [None, {"i": [], "e": []}, {"e": [0, 0]}], ids=["no list", "empty", "all over"])
def test_who_has_nothing_left_of_his_own_sees_the_popular_list(frontend: Frontend, own: dict[str, Any] | None) -> None:
    """Contract: no list, an empty one and one that is over are the same to a visitor; the token is the shown one's."""
    lists = {"tideline:popular": _list(i=["all-1", "all-2"], k="popular-token")}
    if own is not None:
        lists[f"tideline:list:{_USER}"] = _list(**own)

    seen = frontend(lists, _ends_ms(1) - 1)

    assert (seen.entries, seen.token) == ([(0, "all-1", None), (1, "all-2", None)], "popular-token")


@pytest.mark.parametrize("frontend", _LANGUAGES)
def test_what_is_stopped_is_drawn_from_no_list(frontend: Frontend) -> None:
    """Contract: neither from his own nor from the popular one; positions stay, and no stops change nothing."""
    lists = {
        f"tideline:list:{_USER}": _list(),
        "tideline:popular": _list(i=["all-1", "flash-3"]),
        "tideline:stops": '{"v":[1,5,9],"s":["coupon-18"]}',
    }
    assert frontend(lists, _ends_ms(1) - 1).entries == [(1, "flash-3", None)]
    lists["tideline:stops"] = '{"v":[1,5,9],"s":["coupon-18","flash-3"]}'
    assert frontend(lists, _ends_ms(1) - 1).entries == [(0, "all-1", None)]
    lists["tideline:stops"] = '{"v":[1,5,9],"s":[]}'
    assert frontend(lists, _ends_ms(1) - 1).entries[-1] == (1, "flash-3", None)


@pytest.mark.parametrize("frontend", _LANGUAGES)
def test_where_nothing_is_left_nothing_is_drawn_and_nothing_sent(frontend: Frontend) -> None:
    assert frontend({}, 1_700_000_000_000) == Seen([], None, [])
    assert frontend({"tideline:popular": _list()}, _ends_ms(0)) == Seen([], None, [])


@pytest.mark.parametrize("frontend", _LANGUAGES)
@pytest.mark.parametrize(("kind", "more"), [("impression", {}), ("click", {}), ("conversion", {"value": 12.5})])
def test_what_is_sent_is_an_event_as_the_job_takes_it(frontend: Frontend, kind: str, more: dict[str, float]) -> None:
    """Contract: the record passes the job's own decoding, with the key, position and token of what was drawn."""
    now_ms = _EXAMPLE["v"][1] + MAX_AHEAD_MS

    seen = frontend({f"tideline:list:{_USER}": _list()}, now_ms, kind, **more)

    ((topic, key, value),) = seen.sent
    event = decode_event(key, value, now_ms)
    assert (topic, key.decode(), event.user_id) == ("clickstream", _USER, _USER)
    assert EventType(event.type).name.lower() == kind
    assert (event.ts_ms, event.activity_id, event.position) == (now_ms, "coupon-18", 0)
    assert (event.token, event.value) == (_EXAMPLE["k"], more.get("value"))
