"""The Kafka topics of one deployment: names and layout. Pure: imports neither pyflink nor a Kafka client."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType

_DAY_MS = 24 * 60 * 60 * 1000


@dataclass(frozen=True)
class TopicSpec:
    """Layout of a topic.

    Attributes:
        partitions: How many by default; fixed when the topic is made, for keys would move otherwise.
        config: Topic settings of Kafka, all values as text.
    """

    partitions: int
    config: Mapping[str, str]

    @property
    def any_partitions(self) -> bool:
        """Whether another number is as good; the other topics are read as one partition in one order."""
        return self.partitions > 1


@dataclass(frozen=True)
class Topics:
    """Names of the nine topics."""

    clickstream: str = "clickstream"
    profiles: str = "profiles"
    activities: str = "activities"
    control: str = "control"
    policy: str = "policy"
    decisions: str = "decisions"
    dead_letters: str = "dead-letters"
    erasures: str = "erasures"
    push: str = "push"

    def with_suffix(self, suffix: str) -> Topics:
        """The same names, each followed by `suffix`: a set of its own for a test or a replay."""
        return Topics(**{role: name + suffix for role, name in self.by_role().items()})

    def by_role(self) -> dict[str, str]:
        """Name by field."""
        return {field.name: str(getattr(self, field.name)) for field in fields(self)}


# A record's time is when the broker took it, so that no producer's clock can put it into the past or the future.
_BROKER_TIME = {"message.timestamp.type": "LogAppendTime"}
_COMPACTED = {"cleanup.policy": "compact"}

SPECS: Mapping[str, TopicSpec] = MappingProxyType(
    {
        # What a person did stays no longer than this anywhere in Kafka: docs/guide/privacy.md.
        "clickstream": TopicSpec(4, _BROKER_TIME | {"retention.ms": str(28 * _DAY_MS)}),
        # Key and partitions are the clickstream's: see `apart`.
        "profiles": TopicSpec(4, _BROKER_TIME | _COMPACTED),
        "activities": TopicSpec(1, _COMPACTED),
        "control": TopicSpec(1, _COMPACTED),
        # For a week every version can be read and pinned, then only the newest of each activity is kept.
        "policy": TopicSpec(1, _COMPACTED | {"min.compaction.lag.ms": str(7 * _DAY_MS)}),
        "decisions": TopicSpec(4, {"retention.ms": str(30 * _DAY_MS)}),
        # Time enough to find the cause and send them again.
        "dead_letters": TopicSpec(1, {"retention.ms": str(14 * _DAY_MS)}),
        # Keyed hashes and times, kept to honour them.
        "erasures": TopicSpec(1, _COMPACTED),
        # As long as decisions: what came of a point is told from both.
        "push": TopicSpec(4, {"retention.ms": str(30 * _DAY_MS)}),
    }
)


def apart(names: Topics, partitions: Mapping[str, int]) -> str:
    """Return what is wrong where profiles do not have the clickstream's partitions, by topic; empty where they do.

    A user's events and his profile then stand in partitions of one number, and whatever reads both reads them together.

    >>> apart(Topics(), {"clickstream": 6, "profiles": 4})
    "topic 'profiles' has 4 partitions and 'clickstream' has 6; both need as many"
    """
    own, events = partitions.get(names.profiles, 0), partitions.get(names.clickstream, 0)
    if own == events:
        return ""
    return f"topic {names.profiles!r} has {own} partitions and {names.clickstream!r} has {events}; both need as many"
