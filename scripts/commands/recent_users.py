"""Users who came of late, as their last days in the clickstream show them: whom a rule would reach."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from tideline.schemas.codec import decode_event
from tideline.schemas.errors import InvalidRecord
from tideline.schemas.events import FIRST_ACTIVITY_TYPE
from tideline.udfs.core.catalogue.eligibility.predicates import Asked
from tideline.udfs.core.hashing import hashes64
from tideline.udfs.core.users.history import history_rows, merge
from tideline.udfs.core.users.user_state import decode_states
from tideline.udfs.io.topic_reader import opened

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tideline.schemas.events import Event
    from tideline.udfs.io.kafka_cluster import KafkaCluster

_DAY_MS = 86_400_000
_CAME_MS = _DAY_MS


def recent_users(cluster: KafkaCluster, topic: str, days: float) -> Asked:
    """Return the users who came in the last day, as their events of the last days show them.

    Raises:
        Unavailable: the topic cannot be read.
    """
    now_ms = int(time.time() * 1000)
    return users_of(_events(cluster, topic, now_ms - round(days * _DAY_MS)), now_ms - _CAME_MS)


def users_of(events: Iterable[Event], since_ms: int) -> Asked:
    """Return those who did something at a moment or later, each as of his newest event."""
    of_user: dict[str, list[Event]] = {}
    for event in events:
        of_user.setdefault(event.user_id, []).append(event)
    names = [name for name, own in of_user.items() if max(event.ts_ms for event in own) >= since_ms]
    batch = decode_states([None] * len(names), 0)
    owner = np.repeat(np.arange(len(names)), [len(of_user[name]) for name in names])
    merge(batch, owner, history_rows([event for name in names for event in of_user[name]]))
    return Asked(batch, np.arange(len(names)), batch.header["as_of_ms"].copy(), hashes64(names))


def _events(cluster: KafkaCluster, topic: str, since_ms: int) -> Iterator[Event]:
    with opened(cluster, topic) as logs:
        for log in logs:
            for record in log.records(log.offset_at(since_ms), log.end):
                try:
                    event = decode_event(record.key, record.value, record.timestamp_ms)
                except InvalidRecord:
                    continue
                if event.type < FIRST_ACTIVITY_TYPE:
                    yield event
