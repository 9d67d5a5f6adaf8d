"""Decisions and events of users in parts, all of a user in one: on disk, so that one part at a time is held."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from tideline.models.coded_texts import coded_texts
from tideline.schemas.records import DECISION
from tideline.scripts.archive.avro_columns import columns_of
from tideline.scripts.archive.spilled_parts import spill, spilled
from tideline.scripts.archive.topic_columns import decisions_of, events_of, rewarding
from tideline.udfs.core.policies.policy_start import TopicRecord

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from tideline.schemas.events import Event

_CHUNK = 100_000
_EVENTS = pa.schema([("user", pa.string()), ("key", pa.binary()), ("value", pa.binary()), ("at_ms", pa.int64())])


class Taken(NamedTuple):
    """How many decisions, records that should be some and are none, and events that may be rewards."""

    decisions: int
    refused: int
    events: int


class UsersInParts:
    """What two topics, or an archive of them, have of users, in parts.

    Attributes:
        count: How many parts.
        placements: Names of the placements that decisions are about; empty for default lists.
        newest_ms: Time of the newest event that may be a reward, 0 for none.
        taken: How many decisions and such events there are, and how many records of decisions are none.
    """

    def __init__(self, folder: Path, count: int) -> None:
        """`folder` is an empty one, to be cleared by the caller."""
        self.count, self._folder = count, folder
        self.placements: set[str] = set()
        self.newest_ms = 0
        self.taken = Taken(0, 0, 0)

    def take(self, decisions: Iterable[TopicRecord], clickstream: Iterable[TopicRecord]) -> None:
        """Take all in, one topic after the other; raises as they do."""
        self._spill("decisions", self._decisions(iter(decisions)))
        self._spill("events", self._events(clickstream))

    def _decisions(self, records: Iterator[TopicRecord]) -> Iterator[pa.Table]:
        while chunk := list(islice(records, _CHUNK)):
            table, none = decisions_of(chunk)
            self.taken = self.taken._replace(
                decisions=self.taken.decisions + table.num_rows, refused=self.taken.refused + none
            )
            self.placements.update(pc.unique(table["placement"]).to_pylist())
            yield table

    def _events(self, records: Iterable[TopicRecord]) -> Iterator[pa.Table]:
        found = rewarding(records)
        while chunk := list(islice(found, _CHUNK)):
            self.taken = self.taken._replace(events=self.taken.events + len(chunk))
            self.newest_ms = max(self.newest_ms, *(event.ts_ms for _, event in chunk))
            columns = [
                [event.user_id for _, event in chunk],
                [record.key for record, _ in chunk],
                [record.value for record, _ in chunk],
                [record.timestamp_ms for record, _ in chunk],
            ]
            yield pa.table(columns, schema=_EVENTS)

    def _spill(self, name: str, tables: Iterator[pa.Table]) -> None:
        user = "user" if name == "events" else "user_id"
        parted = ((table, coded_texts(table.column(user)).parts(self.count)) for table in tables)
        spill(parted, lambda part: self._folder / f"{name}-{part}")

    def decisions(self, part: int) -> pa.Table:
        """Return the decisions of a part's users, as they were taken."""
        path = self._folder / f"decisions-{part}"
        return spilled(path) if path.exists() else columns_of(DECISION, [])

    def events(self, part: int) -> list[Event]:
        """Return what may be a reward of a part's users, as they were taken."""
        path = self._folder / f"events-{part}"
        if not path.exists():
            return []
        columns = (column.to_pylist() for column in spilled(path).select(["key", "value", "at_ms"]).columns)
        return events_of(TopicRecord(0, *each) for each in zip(*columns, strict=True))
