"""How fast an archive is written and read: records alone, decisions as columns, events that may be rewards."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path
from time import process_time
from typing import TYPE_CHECKING, Any

from tideline.schemas.codec import encode_event
from tideline.schemas.decision_writer import encode_decision
from tideline.schemas.events import Event, EventType
from tideline.scripts.archive.topic_columns import decisions_of, events_of
from tideline.udfs.core.policies.policy_start import TopicRecord
from tideline.udfs.io import archive_files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_START_MS = 1_795_694_400_000
_FILE_ROWS = 200_000
_ACTIVITIES = [f"c{number:02}-{number * 37:04}" for number in range(60)]
_KINDS = (EventType.VIEW, EventType.VIEW, EventType.SEARCH, EventType.IMPRESSION, EventType.CLICK)


def measure(rows: int) -> dict[str, Any]:
    """Return rows a second of one core, of decisions and a clickstream of so many records each.

    Of five events two are of an activity, with a token of 150 characters.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for topic, made in (("decisions", _decision), ("clickstream", _event)):
            _write(folder, topic, rows, made)
        size = sum(path.stat().st_size for path in folder.rglob("*.parquet"))
        return {
            "rows": 2 * rows,
            "bytes_a_row": round(size / (2 * rows), 1),
            "archive_rows_per_s": round(2 * rows / _seconds(partial(_count, folder))),
            "decisions_rows_per_s": round(rows / _seconds(partial(_decisions, folder))),
            "events_rows_per_s": round(rows / _seconds(partial(_events, folder))),
        }


def _seconds(work: Callable[[], object]) -> float:
    started = process_time()
    work()
    return process_time() - started


def _count(folder: Path) -> int:
    return sum(1 for topic in ("decisions", "clickstream") for _ in archive_files.read(folder, topic))


def _decisions(folder: Path) -> object:
    return decisions_of(archive_files.read(folder, "decisions"))[0]


def _events(folder: Path) -> object:
    return events_of(archive_files.read(folder, "clickstream"))


def _write(folder: Path, topic: str, rows: int, made: Callable[[int], bytes]) -> None:
    for start in range(0, rows, _FILE_ROWS):
        stop = min(start + _FILE_ROWS, rows)
        archive_files.write_range(folder, topic, (0, start, stop), list(_records(start, stop, made)))


def _records(start: int, stop: int, made: Callable[[int], bytes]) -> Iterator[TopicRecord]:
    for at in range(start, stop):
        yield TopicRecord(at, _user(at).encode(), made(at), _START_MS + at)


def _user(at: int) -> str:
    return f"user-{at * 7919 % 100_003}"


def _decision(at: int) -> bytes:
    name = _ACTIVITIES[at % len(_ACTIVITIES)]
    record = {"user_id": _user(at), "decision_id": f"1.{_START_MS + at}.{at}", "activity_id": name, "position": at % 10}
    times = {"shown_ms": _START_MS + at, "generation": 1, "as_of_ms": _START_MS + at - 900, "seq": at}
    made_by = {"encoder_version": 2, "policy_version": at // 1000, "eligible": 60, "explored": at % 9 == 0}
    scored = {"propensity": 1 - at % 7 / 100, "mean": at % 97 / 97, "bonus": at % 89 / 89, "x": bytes(range(16))}
    rest = {
        "slate": _ACTIVITIES[:10],
        "policy": "pairs",
        "constraints": [],
        "experiment": "",
        "arm": "",
        "pair": at % 999,
    }
    none = dict.fromkeys(("shadow_mean", "shadow_bonus", "feasible", "variant_share"))
    return encode_decision(record | times | made_by | scored | rest | none | {"variant": "", "placement": ""})


def _event(at: int) -> bytes:
    kind = _KINDS[at % len(_KINDS)]
    head = f"e{at * 7919:012}", _user(at), kind, _START_MS + at
    if kind in (EventType.IMPRESSION, EventType.CLICK):
        token = f"{at * 2_654_435_761:0150x}"
        return encode_event(Event(*head, activity_id=_ACTIVITIES[at % 60], token=token, position=at % 10))
    return encode_event(Event(*head, item_id=f"item-{at % 40_000}", category="CHEESE"))
