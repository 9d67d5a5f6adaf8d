"""Whether a login may do what it will have to, asked before it is tried."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from kafka.errors import TopicAuthorizationFailedError, UnknownTopicOrPartitionError

from tideline.schemas.errors import Unavailable
from tideline.udfs.io.topic_reader import group_offsets

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from tideline.schemas.topics import Topics
    from tideline.udfs.io.kafka_cluster import KafkaCluster


class Right(NamedTuple):
    """One thing that a login may do to one topic or group.

    >>> str(Right("Read", "topic", "clickstream"))
    'Read on topic clickstream'
    """

    operation: str
    resource: str
    name: str

    def __str__(self) -> str:
        """Return it in words."""
        return f"{self.operation} on {self.resource} {self.name}"


def rights_on(topics: Topics, written: Mapping[str, str], group: str) -> list[Right]:
    """Return the rights of a job that reads these topics, writes those (name by role) and is of that group."""
    read = [topics.clickstream, topics.profiles, topics.activities, topics.control, topics.policy, topics.erasures]
    return [
        *(Right("Read", "topic", name) for name in read),
        *(Right("Write", "topic", name) for name in written.values()),
        Right("Read", "group", group),
    ]


def refuse_missing(cluster: KafkaCluster, rights: Sequence[Right]) -> dict[str, int]:
    """Ask the brokers whether the topics are there and this login has these rights; return the topics' partitions.

    Of a group only that it may be seen is known; brokers that tell nobody's rights are believed to allow all.

    Raises:
        Unavailable: a topic or a right is missing, no broker answers, or one refuses.
    """
    names = sorted({right.name for right in rights if right.resource == "topic"})
    with cluster.admin("asking for topics", ", ".join(map(str, rights))) as admin:
        described = {topic["name"]: topic for topic in admin.describe_topics(names)}
    absent = [name for name in names if described[name]["error_code"] == UnknownTopicOrPartitionError.errno]
    if absent:
        many = "topics" if len(absent) > 1 else "topic"
        raise Unavailable("kafka", f"there is no {many} {', '.join(absent)}; make it with scripts/topics")
    missing = [str(right) for right in rights if right.resource == "topic" and not _allows(described, right)]
    if missing:
        lacks = f"the login lacks {', '.join(missing)} (docs/operate.md, Rights in Kafka)"
        raise Unavailable("kafka", f"asking for topics at {cluster.bootstrap}: {lacks}")
    for right in rights:
        if right.resource == "group":
            group_offsets(cluster, right.name)
    return {name: len(described[name]["partitions"]) for name in names}


def _allows(described: Mapping[str, Mapping[str, Any]], right: Right) -> bool:
    topic = described[right.name]
    if topic["error_code"] == TopicAuthorizationFailedError.errno:
        return False
    allowed = topic.get("authorized_operations")
    return allowed is None or right.operation.upper() in allowed
