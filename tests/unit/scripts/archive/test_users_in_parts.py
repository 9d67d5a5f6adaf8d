"""All that topics have of a user is in one part, and every part is of some users."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.core_world import NOON_MS
from tideline.schemas.codec import encode_event
from tideline.schemas.events import Event, EventType
from tideline.schemas.records import DECISION
from tideline.scripts.archive import users_in_parts
from tideline.scripts.archive.users_in_parts import UsersInParts
from tideline.udfs.core.policies.policy_start import TopicRecord
from tideline.udfs.io.archive_files import read, write_range

if TYPE_CHECKING:
    from pathlib import Path

_USERS = [f"u{at}" for at in range(20)]


def _decision(user: str, position: int) -> bytes:
    plain: dict[str, Any] = {"position": position, "shown_ms": 2, "generation": 3, "as_of_ms": 4, "seq": 5}
    made = {"encoder_version": 6, "policy_version": 7, "eligible": 8, "explored": True, "x": b"x" * 16, "policy": "p"}
    place = {"placement": "home", "decision_id": "1.2.3.1"} if user == "u7" else {"decision_id": "1.2.3"}
    return DECISION.encode(plain | made | place | {"user_id": user, "activity_id": "a"})


def _archive(folder: Path) -> None:
    decisions, events = list[TopicRecord](), list[TopicRecord]()
    for at, user in enumerate(_USERS * 3):
        decisions.append(TopicRecord(at, user.encode(), _decision(user, at // 20), NOON_MS))
        kind = EventType.CLICK if at % 2 else EventType.VIEW
        event = Event(f"e{at}", user, kind, NOON_MS + at, activity_id="a" if at % 2 else None, token=None)
        events.append(TopicRecord(at, user.encode(), encode_event(event), 2**50))
    write_range(folder, "decisions", (0, 0, 60), decisions)
    write_range(folder, "clickstream", (0, 0, 61), [*events, TopicRecord(60, b"u", b"garbage", 0)])


@pytest.mark.parametrize(("count", "chunk"), [(1, 100_000), (4, 7)])
def test_each_user_is_whole_in_one_part(
    tmp_path: Path, count: int, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Contract: in the order of the archive, however it was read; what is said of all is of all."""
    monkeypatch.setattr(users_in_parts, "_CHUNK", chunk)
    _archive(tmp_path / "archive")
    (tmp_path / "spill").mkdir()
    parts = UsersInParts(tmp_path / "spill", count)
    parts.take(*(read(tmp_path / "archive", topic) for topic in ("decisions", "clickstream")))
    where: dict[str, int] = {}
    for part in range(count):
        rows = parts.decisions(part).to_pylist()
        events = parts.events(part)
        for user in {each["user_id"] for each in rows}:
            assert where.setdefault(user, part) == part
            assert [each["position"] for each in rows if each["user_id"] == user] == [0, 1, 2]
        assert {each.user_id for each in events} <= {each["user_id"] for each in rows}
        assert [each.ts_ms for each in events] == sorted(each.ts_ms for each in events)
    assert sorted(where) == sorted(_USERS)
    assert (parts.placements, parts.newest_ms) == ({"", "home"}, NOON_MS + 59)
    assert parts.taken == (60, 0, 30)
    assert count == 1 or len(set(where.values())) > 1


def test_a_part_of_nobody_is_empty(tmp_path: Path) -> None:
    parts = UsersInParts(tmp_path, 3)
    assert (parts.decisions(1).num_rows, parts.events(1)) == (0, [])
