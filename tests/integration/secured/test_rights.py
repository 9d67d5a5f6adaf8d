"""Contract: each login can do what the table of docs/operate.md says and nothing else, by the brokers' own word."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest
from kafka.admin import NewTopic
from kafka.errors import (
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    TopicAuthorizationFailedError,
)

from tests.support.secured import RIGHTS
from tests.support.waiting import PATIENCE_S
from tideline.schemas.errors import Unavailable
from tideline.udfs.io.kafka_cluster import KafkaCluster
from tideline.udfs.io.topic_reader import group_offsets
from tideline.udfs.settings.connection.kafka_security import chosen_properties

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tests.support.secure_broker import SecureBroker
    from tideline.schemas.topics import Topics
    from tideline.udfs.io.kafka_rights import Right

pytestmark = pytest.mark.integration
_IMPLIES_DESCRIBE = frozenset({"READ", "WRITE", "DELETE"})
_REFUSALS = (TopicAuthorizationFailedError, GroupAuthorizationFailedError, ClusterAuthorizationFailedError)
_REPLAYS = ("policy-july", "decisions-july", "dead-letters-july")


@pytest.fixture(scope="module")
def names(broker: SecureBroker, topics: Topics) -> list[str]:
    """Every topic of a deployment that has replayed once, and one that is none of its own."""
    more = [*_REPLAYS, "foreign"]
    with KafkaCluster(broker.inside).admin("making topics", "Create") as admin:
        admin.create_topics([NewTopic(name, 1, 1) for name in more])
    return [*topics.by_role().values(), *more]


def _cluster(broker: SecureBroker, login: str) -> KafkaCluster:
    return KafkaCluster(broker.outside, chosen_properties(broker.login(RIGHTS[login]), {}))


def _documented(rights: Iterable[Right], topic: str) -> set[str]:
    upper = {"DescribeConfigs": "DESCRIBE_CONFIGS"}
    given = {
        upper.get(right.operation, right.operation.upper())
        for right in rights
        if (right.resource, right.name) == ("topic", topic)
    }
    return given | ({"DESCRIBE"} if given & _IMPLIES_DESCRIBE else set())


@pytest.mark.parametrize("login", sorted(RIGHTS))
def test_on_every_topic_a_login_may_do_what_the_table_says(broker: SecureBroker, names: list[str], login: str) -> None:
    """Contract: no operation more and none less; a topic of which it may do nothing is one it does not see."""
    with _cluster(broker, login).admin("asking for topics", "Describe") as admin:
        described = {topic["name"]: topic for topic in admin.describe_topics(names)}
    hidden = TopicAuthorizationFailedError.errno
    allowed = {
        name: set() if topic["error_code"] == hidden else set(topic["authorized_operations"])
        for name, topic in described.items()
    }
    # Who may do something to a topic and not see it, as one that makes it, is told of no other right either.
    told = {name: rights if "DESCRIBE" in (rights := _documented(RIGHTS[login], name)) else set() for name in names}
    assert allowed == told


def test_what_the_job_may_not_do_is_refused_when_it_is_tried(broker: SecureBroker, names: list[str]) -> None:
    """Contract: it writes its own topics, makes and deletes none, and is of no group but its own."""
    cluster = _cluster(broker, "the job")
    written = {name for name in names if not _refused(partial(_write, cluster, name))}
    assert written == {right.name for right in RIGHTS["the job"] if right.operation == "Write"}
    with cluster.admin("trying", "Create") as admin:
        assert _refused(partial(admin.create_topics, [NewTopic("another", 1, 1)]))
        assert [name for name in names if not _refused(partial(admin.delete_topics, [name]))] == []
    groups = ("tideline", "tideline@july", "tidelin", "another")
    assert [group for group in groups if not _refused(partial(group_offsets, cluster, group))] == ["tideline"]


def _write(cluster: KafkaCluster, name: str) -> None:
    """With a producer of its own: one that is refused once sends nothing more."""
    with cluster.producer("trying", "Write", acks="all") as producer:
        producer.send(name, key=b"x", value=b"x").get(timeout=PATIENCE_S)


def _refused(attempt: Callable[[], object]) -> bool:
    """Return whether it is for want of a right; whatever else goes wrong fails the test."""
    try:
        attempt()
    except _REFUSALS:
        return True
    except Unavailable as error:
        if isinstance(error.__cause__, _REFUSALS):
            return True
        raise
    return False
