"""The topic of activities as the job reads it, and whether it could show what a file adds."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from tideline.schemas.errors import InvalidRecord
from tideline.scripts.commands.target import PATIENCE_S
from tideline.udfs.core.catalogue.activity import decode_activity, encode_activity
from tideline.udfs.core.catalogue.eligibility.rules import MAX_LITERALS, clauses_of_activity
from tideline.udfs.core.catalogue.reach import Unreachable, unreachable
from tideline.udfs.core.hashing import activity_hash
from tideline.udfs.core.lists.activity_tags import activity_tag
from tideline.udfs.core.ranking.sort_keys import MAX_ACTIVITIES
from tideline.udfs.core.users.features import Vocabulary
from tideline.udfs.io.topic_reader import read_topic

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tideline.scripts.commands.target import Target
    from tideline.udfs.core.catalogue.activity import Activity
    from tideline.udfs.core.lists.token_keys import TokenKeys
    from tideline.udfs.io.kafka_cluster import KafkaCluster


class InTopic(NamedTuple):
    """An activity of the topic, and when that record was written."""

    activity: Activity
    written_ms: int


@dataclass(frozen=True)
class ActivityTopic:
    """What the topic holds, by id; and why the job refused a later record of an id, the former one stays."""

    known: Mapping[str, InTopic] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Judge:
    """What is known beside the activities: the secrets that tags are made with, and the encoder's categories."""

    keys: TokenKeys | None = None
    vocabulary: Vocabulary = field(default_factory=lambda: Vocabulary.of([], 1, ()))

    def hidden(self, activities: Sequence[Activity], beside: Sequence[Activity], now_ms: int) -> dict[str, str]:
        """Return why nobody could be shown each of the activities, by id; `beside` are all others of the topic."""
        found: dict[str, str] = {}
        taken: dict[tuple[int, bytes | int], str] = {}
        for each in beside:
            taken.update(dict.fromkeys(self._marks(each.activity_id), each.activity_id))
        for each in sorted(activities, key=lambda one: one.activity_id):
            other = next((taken[mark] for mark in self._marks(each.activity_id) if mark in taken), None)
            why = unreachable(each, now_ms, self.vocabulary)
            if other is not None:
                found[each.activity_id] = f"{other} has the same tag or number: give it another id"
            elif why is not None:
                found[each.activity_id] = _MEANS.get(why, why.meaning)
            taken.update(dict.fromkeys(self._marks(each.activity_id), each.activity_id))
        return found | _too_many(activities, beside)

    def _marks(self, name: str) -> list[tuple[int, bytes | int]]:
        marks: list[tuple[int, bytes | int]] = [(-1, activity_hash(name))]
        return marks + [
            (key, activity_tag(name, secret)) for key, secret in (self.keys.secrets if self.keys else {}).items()
        ]


def _too_many(activities: Sequence[Activity], beside: Sequence[Activity]) -> dict[str, str]:
    """Return the activities whose rules bring more predicates than all together may have."""
    known = {literal for each in beside for clause in clauses_of_activity(each) for literal in clause}
    found = {}
    for each in activities:
        known |= {literal for clause in clauses_of_activity(each) for literal in clause}
        if len(known) > MAX_LITERALS:
            found[each.activity_id] = f"all rules together have {len(known):,} predicates; allowed: {MAX_LITERALS:,}"
    return found


_MEANS = {Unreachable.OVER: "its window is over (ends_ms)"}


def read_activity_topic(cluster: KafkaCluster, topic: str) -> ActivityTopic:
    """Return what the topic holds now; raises as `read_topic`."""
    known: dict[str, InTopic] = {}
    refused: dict[str, str] = {}
    for record in read_topic(cluster, topic):
        name = (record.key or b"").decode(errors="replace")
        try:
            activity = decode_activity(record.key, record.value)
        except InvalidRecord as error:
            refused[name] = error.detail
            continue
        refused.pop(name, None)
        if activity is None:
            known.pop(name, None)
        elif name in known or len(known) < MAX_ACTIVITIES:
            known[name] = InTopic(activity, record.timestamp_ms)
        else:
            refused[name] = f"one more activity than the {MAX_ACTIVITIES} that can be ranked"
    return ActivityTopic(known, refused)


def write_activities(target: Target, activities: Sequence[Activity]) -> None:
    """Write activities to the topic, in this order, and wait until the broker has them.

    Raises:
        Unavailable: no broker takes them.
    """
    topic = target.topics.activities
    with target.cluster.producer(f"writing to topic {topic}", f"Write on topic {topic}") as producer:
        sent = [producer.send(topic, key=each.activity_id.encode(), value=encode_activity(each)) for each in activities]
        deadline = time.monotonic() + 2 * PATIENCE_S
        for each in sent:
            each.get(timeout=max(deadline - time.monotonic(), 0.0))
