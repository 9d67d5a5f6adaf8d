"""Contract: the analyst's notebook runs on an archive as it is written, and its figures are those of a plain count."""

from __future__ import annotations

import runpy
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.core_world import DAY_MS, KEYS, NOON_MS, activity, make_ranker, token_for
from tests.support.doc_pages import ROOT
from tideline.schemas.codec import encode_event
from tideline.schemas.events import TYPE_NAMES, Event, EventType
from tideline.udfs.core.policies.policy_start import TopicRecord
from tideline.udfs.core.serving.engine import Records, process
from tideline.udfs.io.archive_files import write_range

if TYPE_CHECKING:
    from pathlib import Path

NOTEBOOK = ROOT / "docs" / "notebooks" / "archive.py"
NAMES = ["a", "b", "c"]
HOSTILE = [b"", None, b"\0garbage", b'{"user_id": "x"}']


def shop(users: int) -> list[Event]:
    """Return events of two days: everybody views and sees the first two entries, every third clicks one."""
    found = []
    for number in range(users):
        user, at = f"u{number}", NOON_MS + number % 2 * DAY_MS
        token = token_for(user, NAMES)
        found.append(Event(f"v{number}", user, EventType.VIEW, at, "tea", "tea"))
        for place, name in enumerate(NAMES[:2]):
            seen: dict[str, Any] = {"activity_id": name, "token": token, "position": place}
            found.append(Event(f"i{number}{name}", user, EventType.IMPRESSION, at + 1, **seen))
            if number % 3 == place:
                found.append(Event(f"c{number}", user, EventType.CLICK, at + 2, **seen))
    return found


def archived(folder: Path, events: list[Event]) -> None:
    """Write what Kafka would hold of them, records of other people's among it, in several files."""
    values: list[tuple[bytes, bytes | None]] = [
        (event.user_id.encode(), encode_event(event, as_json=at % 2 == 0)) for at, event in enumerate(events)
    ]
    values += [(b"x", each) for each in HOSTILE]
    ranker = make_ranker([activity(name) for name in NAMES])
    keys, contents = [key for key, _ in values[: len(events)]], [encode_event(event) for event in events]
    outcome = process(Records(keys, contents, [2**50] * len(keys)), lambda users: [None] * len(users), ranker)
    decisions = [(user.encode(), record) for user, record in outcome.decisions] + [(b"x", each) for each in HOSTILE]
    for topic, found in (("clickstream", values), ("decisions", decisions)):
        records = [TopicRecord(at, key, value, NOON_MS + DAY_MS + at) for at, (key, value) in enumerate(found)]
        half = len(records) // 2
        write_range(folder, topic, (0, 0, half), records[:half])
        write_range(folder, topic, (0, half, len(records)), records[half:])


def run(folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Run all cells; return what they left behind."""
    monkeypatch.setattr(sys, "argv", [str(NOTEBOOK), str(folder)])
    return runpy.run_path(str(NOTEBOOK))


def test_its_figures_are_those_of_a_plain_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Contract: records that are none are left out; days, activities and places are counted as one would by hand."""
    events = shop(60)
    archived(tmp_path, events)
    found = run(tmp_path, monkeypatch)
    days = Counter(((event.ts_ms - NOON_MS) // DAY_MS, TYPE_NAMES[event.type]) for event in events)
    first = min(row[0] for row in found["traffic"].fetchall())
    assert {((day - first).days, kind): count for day, kind, count, _ in found["traffic"].fetchall()} == days
    clicks = Counter(event.activity_id for event in events if event.type == EventType.CLICK)
    rates = {row[0]: row[1:] for row in found["rates"].fetchall()}
    assert {name: row[:2] for name, row in rates.items()} == {name: (60, clicks[name]) for name in NAMES[:2]}
    for name, (impressions, clicked, rate, low, high) in rates.items():
        assert rate == clicked / impressions, name
        assert 0 < low < rate < high < 1, name
    assert (round(rates["a"][3], 4), round(rates["a"][4], 4)) == (0.2273, 0.4594), "Wilson's interval of 20 of 60"
    assert [row[:2] for row in found["places"].fetchall()] == [(0, 60), (1, 60)]
    assert found["again"].fetchall() == [(1, 120)]
    assert sum(row[2] for row in found["days"].fetchall() if row[0] == "clickstream") == len(events) + len(HOSTILE)


def test_an_archive_in_which_nothing_was_shown_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archived(tmp_path, [Event("v", "u", EventType.VIEW, NOON_MS, "tea", "tea")])
    found = run(tmp_path, monkeypatch)
    assert (found["rates"].fetchall(), found["places"].fetchall()) == ([], [])
    assert [row[1:3] for row in found["traffic"].fetchall()] == [("view", 1)]


def test_the_secrets_that_sign_lists_are_not_needed() -> None:
    """Contract: an analyst has the folder and nothing else: no secret, no broker, no Redis."""
    text = NOTEBOOK.read_text()
    assert KEYS.secrets
    assert not [word for word in ("token_keys", "TIDELINE_", "bootstrap", "redis") if word in text.lower()]
