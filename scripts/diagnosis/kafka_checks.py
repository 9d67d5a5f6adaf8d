"""A Kafka cluster as the job needs it: reachable, with its topics, and with the rights of the login."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

from kafka import TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import (
    AuthorizationError,
    TopicAuthorizationFailedError,
    for_code,
)

from tideline.schemas.errors import Unavailable
from tideline.schemas.topics import SPECS, apart
from tideline.scripts.commands.job_rights import LIVE_WRITES
from tideline.scripts.commands.topics import TopicError, check_clock
from tideline.scripts.diagnosis.finding import MAX_SKEW_S, Finding, clock, ok, unknown, wrong
from tideline.udfs.io.kafka_rights import rights_on
from tideline.udfs.io.topic_reader import group_offsets, topic_ends

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tideline.schemas.topics import Topics
    from tideline.udfs.io.kafka_cluster import KafkaCluster

_CONNECT_S = 5.0
_GRANT = "kafka-acls --bootstrap-server HOST:PORT --add --allow-principal User:LOGIN"


def check(cluster: KafkaCluster, topics: Topics, group: str, now_ms: int) -> Iterator[Finding]:
    """Yield what the cluster is like for a job with these topics and this group."""
    names = topics.by_role()
    rights = rights_on(topics, {role: names[role] for role in LIVE_WRITES}, group)
    try:
        with cluster.admin("looking at the cluster", f"Describe on {', '.join(names.values())}") as admin:
            brokers = admin.describe_cluster()["brokers"]
            yield ok("kafka", f"{len(brokers)} brokers answer at {cluster.bootstrap}")
            yield from (reachable(broker["host"], broker["port"]) for broker in brokers)
            described = {topic["name"]: topic for topic in admin.describe_topics([*names.values()])}
            for role, name in names.items():
                if role == "push" and not described.get(name, {}).get("partitions"):
                    continue  # a job that sends no messages has none
                needed = [right.operation for right in rights if (right.resource, right.name) == ("topic", name)]
                yield topic_of(role, name, described.get(name), needed)
            yield together(topics, {name: len(each["partitions"]) for name, each in described.items()})
            yield _stamps(admin, names["clickstream"])
    except Unavailable as error:
        place, _, advice = str(error).rpartition(": ")
        yield wrong("kafka", place, advice)
        return
    yield from _activities(cluster, names["activities"])
    yield _group(cluster, group)
    yield _clock(cluster, names["clickstream"], now_ms)


def reachable(host: str, port: int) -> Finding:
    """Return whether a broker can be reached where it says it is, which is not where it was asked first."""
    subject = f"broker {host}:{port}"
    try:
        with socket.create_connection((host, port), _CONNECT_S):
            return ok(subject, "can be reached at the address that it tells clients")
    except OSError as error:
        advice = "make advertised.listeners of that broker an address that can be reached from here, and open the port"
        return wrong(subject, f"cannot be reached at the address that it tells clients: {error}", advice)


def topic_of(role: str, name: str, described: Mapping[str, Any] | None, needed: Sequence[str]) -> Finding:
    """Return whether a topic is there as it should be, and the login has the rights that are needed."""
    subject = f"topic {name}"
    error = for_code(described["error_code"]) if described else None
    partitions = len(described["partitions"]) if described else 0
    grant = " ".join(f"--operation {right}" for right in needed)
    grant = f"for the job's login: {_GRANT} --topic {name} {grant}"
    if error is TopicAuthorizationFailedError:
        return wrong(subject, "the login may not see it", grant)
    if not described or not partitions:
        return wrong(subject, "is not there", "make it: scripts/topics with the same options")
    if partitions > 1 and not SPECS[role].any_partitions:
        return wrong(subject, f"has {partitions} partitions; it is read in one order", "make it again with 1 partition")
    allowed: Sequence[str] = described.get("authorized_operations") or ()
    if not allowed:
        return unknown(subject, f"{partitions} partitions; the broker does not tell what the login may do")
    lacking = [right for right in needed if not {right.upper(), "ALL"} & {*allowed}]
    if lacking:
        return wrong(subject, f"the login lacks {' and '.join(lacking)}, which the job needs", grant)
    return ok(subject, f"{partitions} partitions; the login may do what the job does")


def together(topics: Topics, partitions: Mapping[str, int]) -> Finding:
    """Return whether profiles stand in as many partitions as the clickstream."""
    subject = f"{topics.profiles} beside {topics.clickstream}"
    if not (partitions.get(topics.profiles) and partitions.get(topics.clickstream)):
        return unknown(subject, "not both are there")
    problem = apart(topics, partitions)
    if problem:
        return wrong(subject, problem, "delete the topic of profiles, make it with scripts/topics, write them again")
    return ok(subject, f"both have {partitions[topics.profiles]} partitions")


def _stamps(admin: Any, clickstream: str) -> Finding:
    subject = f"times of {clickstream}"
    try:
        (found,) = admin.describe_configs(
            [ConfigResource(ConfigResourceType.TOPIC, clickstream)], config_filter="all"
        ).values()
        if not found.get(clickstream):
            return unknown(subject, "the login may not see the topic's settings", "grant DescribeConfigs, as to topics")
        check_clock(clickstream, found[clickstream]["message.timestamp.type"]["value"])
    except TopicError as error:
        place, _, advice = str(error).partition(". ")
        return wrong(subject, place, advice)
    except AuthorizationError:
        return unknown(subject, "the login may not see the topic's settings", "grant DescribeConfigs, as to topics")
    return ok(subject, "records are stamped by the broker")


def _activities(cluster: KafkaCluster, name: str) -> Iterator[Finding]:
    """Of a topic that cannot be read its own finding tells."""
    try:
        ends = topic_ends(cluster, name)
    except Unavailable:
        return
    if any(ends.values()):
        yield ok("activities", "some are written")
    else:
        yield unknown("activities", "none is written yet: nobody has a list before", "tideline activity put FILE")


def _group(cluster: KafkaCluster, group: str) -> Finding:
    subject = f"group {group}"
    try:
        read = group_offsets(cluster, group)
    except Unavailable as error:
        if not isinstance(error.__cause__, AuthorizationError):
            return unknown(subject, str(error))
        grant = f"for the job's login: {_GRANT} --group {group} --operation Read"
        return wrong(subject, "the login may not read with it", grant)
    return ok(subject, "has read before" if read else "has not read yet")


def _clock(cluster: KafkaCluster, clickstream: str, now_ms: int) -> Finding:
    """A broker whose clock is ahead shows in the newest record; one that is behind does not."""
    subject = "clock of the brokers"
    try:
        with cluster.consumer(f"reading topic {clickstream}", f"Read on topic {clickstream}") as consumer:
            numbers = consumer.partitions_for_topic(clickstream) or ()
            partitions = [TopicPartition(clickstream, number) for number in numbers]
            # the first record that is further ahead than clocks may differ
            wanted = dict.fromkeys(partitions, now_ms + round(MAX_SKEW_S * 1000))
            ahead = [each for each in consumer.offsets_for_times(wanted).values() if each is not None]
    except Unavailable as error:
        place, _, advice = str(error).rpartition(": ")
        return unknown(subject, place, advice)
    if ahead:
        return clock(subject, (max(each.timestamp for each in ahead) - now_ms) / 1000)
    return ok(subject, f"no record of {clickstream} is ahead of this machine")
