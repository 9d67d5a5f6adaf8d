"""Users who came of late, as their last days in the clickstream show them: whom a rule would reach."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from tideline.schemas.codec import decode_event
from tideline.schemas.errors import InvalidRecord
from tideline.schemas.events import FIRST_ACTIVITY_TYPE
from tideline.udfs.core.catalogue.eligibility.by_profile import told_of
from tideline.udfs.core.catalogue.eligibility.predicates import Asked
from tideline.udfs.core.hashing import hashes64
from tideline.udfs.core.profiles.kept_profile import NO_PROFILE
from tideline.udfs.core.profiles.profile_batch import told_by
from tideline.udfs.core.users.as_told import as_told
from tideline.udfs.core.users.history import history_rows, merge
from tideline.udfs.core.users.user_state import decode_states
from tideline.udfs.io.topic_reader import opened, read_topic

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tideline.schemas.events import Event
    from tideline.schemas.topics import Topics
    from tideline.udfs.io.kafka_cluster import KafkaCluster

_DAY_MS = 86_400_000
_CAME_MS = _DAY_MS


def recent_users(cluster: KafkaCluster, topics: Topics, days: float) -> Asked:
    """Return the users who came in the last day, as their events of the last days and their profiles show them.

    Raises:
        Unavailable: a topic cannot be read.
    """
    now_ms = int(time.time() * 1000)
    profiles = told_by((each.key, each.value, each.timestamp_ms) for each in read_topic(cluster, topics.profiles))
    events = _events(cluster, topics.clickstream, now_ms - round(days * _DAY_MS))
    return users_of(events, now_ms - _CAME_MS, profiles.profiles)


def users_of(events: Iterable[Event], since_ms: int, profiles: Mapping[str, bytes]) -> Asked:
    """Return those who did something at a moment or later, each as of his newest event; `profiles` as state has them.

    Whoever has not agreed to be personalised is a stranger.
    """
    of_user: dict[str, list[Event]] = {}
    for event in events:
        of_user.setdefault(event.user_id, []).append(event)
    names = [name for name, own in of_user.items() if max(event.ts_ms for event in own) >= since_ms]
    batch = decode_states([None] * len(names), 0)
    owner = np.repeat(np.arange(len(names)), [len(of_user[name]) for name in names])
    merge(batch, owner, history_rows([event for name in names for event in of_user[name]]))
    batch.profiles = [profiles.get(name, NO_PROFILE) for name in names]
    rows = np.arange(len(names))
    told = told_of(batch.profiles, rows)
    return Asked(as_told(batch, rows), rows, batch.header["as_of_ms"].copy(), hashes64(names), told)


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
