"""The activities that records of their topic tell of, for whoever reads it after the fact."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tideline.schemas.errors import InvalidRecord
from tideline.udfs.core.catalogue.activity import Activity, decode_activity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tideline.udfs.core.policies.policy_start import TopicRecord


def activities_of(records: Iterable[TopicRecord]) -> dict[str, Activity]:
    """Return the activities of a topic, those deleted since too: they may still have been clicked."""
    return {activity.activity_id: activity for _, activity in _readable(records)}


def activities_at(records: Iterable[TopicRecord], at_ms: int) -> dict[str, Activity]:
    """Return the activities as their topic had them at a moment; one that it has of later times alone as it was first.

    One that was deleted by then may still have been on lists.
    """
    found: dict[str, Activity] = {}
    for record, activity in _readable(records):
        if record.timestamp_ms <= at_ms or activity.activity_id not in found:
            found[activity.activity_id] = activity
    return found


def _readable(records: Iterable[TopicRecord]) -> Iterator[tuple[TopicRecord, Activity]]:
    for record in records:
        try:
            activity = decode_activity(record.key, record.value)
        except InvalidRecord:
            continue
        if activity is not None:
            yield record, activity
