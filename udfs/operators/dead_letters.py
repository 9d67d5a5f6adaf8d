"""Refused records on their way to the dead-letters topic: in the ranker's row."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from tideline.schemas.errors import Reason
from tideline.udfs.operators.batch_rows import KEY_WAS_NULL, VALUE_WAS_NULL, Batch, flagged

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tideline.schemas.errors import InvalidRecord
    from tideline.udfs.core.policies.policy_start import TopicRecord
    from tideline.udfs.core.serving.admission import DeadLetter


MAX_KEY_BYTES = 64 * 1024
MAX_VALUE_BYTES = 896 * 1024
"""With its headers a letter must stay below the 1 MiB that Kafka takes: one it refuses would end the TaskManager."""
_MAX_DETAIL = 4000


class Letter(NamedTuple):
    """One refused record, byte for byte (of one that Kafka could refuse the beginning), with reason and origin."""

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
    """Return the letters of a batch of the clickstream or of profiles."""
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


def letter_of_record(error: InvalidRecord, record: TopicRecord, topic: str) -> Letter:
    """Return the letter of a record of the activities or the control topic."""
    return _letter(error, topic, 0, (record.key, record.value, record.offset, record.timestamp_ms))


def _letter(
    error: InvalidRecord, topic: str, partition: int, record: tuple[bytes | None, bytes | None, int, int]
) -> Letter:
    key, value, offset, timestamp_ms = record
    return Letter(
        key=(key or b"")[:MAX_KEY_BYTES],
        value=(value or b"")[:MAX_VALUE_BYTES],
        reason=str(error.reason),
        error=_cut(error.detail, key, value),
        topic=topic,
        partition=flagged(partition, key, value),
        offset=offset,
        timestamp_ms=timestamp_ms,
    )


def _cut(detail: str, key: bytes | None, value: bytes | None) -> str:
    detail = detail[:_MAX_DETAIL]
    for name, part, most in (("key", key, MAX_KEY_BYTES), ("value", value, MAX_VALUE_BYTES)):
        if part is not None and len(part) > most:
            detail = f"{detail}; kept are the first {most} of {len(part)} bytes of the {name}"
    return detail


def packed(letter: Letter) -> list[bytes]:
    """Return a letter as the ranker's row holds it, all in bytes: numbers in decimal, `partition` without its flags.

    Behind the fields stand two more: whether there was a key, whether there was a value, empty where not.
    """
    had_key, had_value = (b"" if letter.partition & flag else b"1" for flag in (KEY_WAS_NULL, VALUE_WAS_NULL))
    texts = (letter.reason, letter.error, letter.topic)
    numbers = (letter.partition & (KEY_WAS_NULL - 1), letter.offset, letter.timestamp_ms)
    return [
        letter.key,
        letter.value,
        *(text.encode() for text in texts),
        *(str(number).encode() for number in numbers),
        had_key,
        had_value,
    ]


def counts_of(letters: Sequence[Letter]) -> Counter[str]:
    """Return what the letters count as: all of them, those by a producer's fault, and by reason.

    >>> counts_of([])
    Counter()
    """
    counts = Counter(f"dead_letter_{letter.reason}" for letter in letters)
    if letters:
        counts["dead_letters"] = len(letters)
        counts["dead_letters_producer_fault"] = sum(Reason(letter.reason).producer_fault for letter in letters)
    return counts
