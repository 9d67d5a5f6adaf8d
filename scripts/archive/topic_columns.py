"""What records of topics say, for a log: decisions as columns, events that may be rewards, activities."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from tideline.schemas.codec import decode_event, type_of_record
from tideline.schemas.errors import InvalidRecord
from tideline.schemas.records import DECISION
from tideline.scripts.analysis.join_log import ORGANIC
from tideline.scripts.archive.avro_columns import columns_of
from tideline.udfs.core.context import DIM

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tideline.schemas.events import Event
    from tideline.udfs.core.policies.policy_start import TopicRecord

_AT_ONCE = 20_000
_PLACED = r"\.[0-9]{1,3}$"
"""How the id of a decision ends that is about a list of a placement: with the number of the placement."""


def decisions_of(records: Iterable[TopicRecord]) -> tuple[pa.Table, int]:
    """Return decision records as columns, and how many others were left out: whoever may write the topic wrote them."""
    parts = [columns_of(DECISION, [])]
    values: list[bytes] = []
    read = 0
    for record in records:
        if record.value is not None:
            values.append(record.value)
            read += 1
        if len(values) == _AT_ONCE:
            parts.append(_readable(values))
            values.clear()
    table = pa.concat_tables([*parts, _readable(values)])
    is_whole = pc.equal(pc.binary_length(table["x"]), DIM)
    names_its_list = pc.or_(pc.equal(table["placement"], ""), pc.match_substring_regex(table["decision_id"], _PLACED))
    kept = table.filter(pc.and_(is_whole, names_its_list)).combine_chunks()
    return kept, read - kept.num_rows


def _readable(values: Sequence[bytes]) -> pa.Table:
    try:
        return columns_of(DECISION, values)
    except InvalidRecord:  # few batches have one: only there each is tried by itself, 24 us a record
        return columns_of(DECISION, [each for each in values if _is_decision(each)])


def _is_decision(value: bytes) -> bool:
    try:
        DECISION.decode(value)
    except InvalidRecord:
        return False
    return True


def events_of(records: Iterable[TopicRecord]) -> list[Event]:
    """Return what may be a reward; of the others no more is read than what they are."""
    return [event for _, event in rewarding(records)]


def rewarding(records: Iterable[TopicRecord]) -> Iterator[tuple[TopicRecord, Event]]:
    """Yield what may be a reward with its record."""
    for record in records:
        if type_of_record(record.value) in ORGANIC:
            continue
        try:
            event = decode_event(record.key, record.value, record.timestamp_ms)
        except InvalidRecord:
            continue
        if event.type not in ORGANIC:
            yield record, event
