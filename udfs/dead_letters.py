"""Refused records on their way to the dead-letters topic: as columns of the ranker's row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from udfs.batch_rows import Batch, flagged

if TYPE_CHECKING:
    from collections.abc import Sequence

    from udfs.core.engine import DeadLetter
    from udfs.core.errors import InvalidEvent
    from udfs.core.policy_start import TopicRecord


class Letter(NamedTuple):
    """One refused record, byte for byte, with reason and origin; the fields are the columns in their order."""

    key: bytes
    value: bytes
    reason: str
    error: str
    topic: str
    partition: int
    """With the flags of what was null."""
    offset: int
    timestamp_ms: int


def letters_of_batch(dead: Sequence[DeadLetter], batch: Batch, topic: str) -> list[Letter]:
    """Return the letters of a batch of the clickstream."""
    records = batch.records
    return [
        _letter(
            error,
            topic,
            batch.partitions[number],
            (records.keys[number], records.values[number], batch.offsets[number], records.timestamps_ms[number]),
        )
        for number, error in dead
    ]


def letter_of_record(error: InvalidEvent, record: TopicRecord, topic: str) -> Letter:
    """Return the letter of a record of the activities or the control topic."""
    return _letter(error, topic, 0, (record.key, record.value, record.offset, record.timestamp_ms))


def _letter(
    error: InvalidEvent, topic: str, partition: int, record: tuple[bytes | None, bytes | None, int, int]
) -> Letter:
    key, value, offset, timestamp_ms = record
    return Letter(
        key=key or b"",
        value=value or b"",
        reason=str(error.reason),
        error=error.detail,
        topic=topic,
        partition=flagged(partition, key, value),
        offset=offset,
        timestamp_ms=timestamp_ms,
    )


def columns(letters: Sequence[Letter]) -> list[list[Any]]:
    """Return the letters as columns."""
    return [list(column) for column in zip(*letters, strict=True)] if letters else [[] for _ in Letter._fields]
