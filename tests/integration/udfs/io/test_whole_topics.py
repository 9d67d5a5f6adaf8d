"""Contract: exports and training read whole topics, transactions included."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from kafka import KafkaProducer
from kafka.admin import KafkaAdminClient, NewTopic

from tideline.schemas.errors import Unavailable
from tideline.udfs.io.topic_reader import read_topic, topic_size

if TYPE_CHECKING:
    from tideline.scripts.localstack import Stack

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def topic(stack: Stack) -> str:
    """Two partitions: one ends in the marker of a transaction that was aborted, the other has nothing but such."""
    name = f"transactions-{os.getpid()}"
    admin = KafkaAdminClient(bootstrap_servers=stack.kafka_bootstrap)
    admin.create_topics([NewTopic(name, 2, 1)])
    admin.close()
    producer = KafkaProducer(bootstrap_servers=stack.kafka_bootstrap, transactional_id=name)
    producer.init_transactions()
    for partition, value, committed in ((0, b"a", True), (0, b"b", False), (1, b"c", False), (0, b"d", True)):
        producer.begin_transaction()
        producer.send(name, key=b"k", value=value, partition=partition)
        producer.flush()
        if committed:
            producer.commit_transaction()
        else:
            producer.abort_transaction()
    producer.close()
    return name


def test_the_end_is_found_behind_the_marker_of_a_transaction(stack: Stack, topic: str) -> None:
    """Contract: committed records alone, without waiting for an offset that holds none."""
    assert [record.value for record in read_topic(stack.kafka, topic)] == [b"a", b"d"]
    assert topic_size(stack.kafka, topic) == 8  # with the markers of four transactions


def test_a_topic_that_is_not_there_is_said(stack: Stack) -> None:
    with pytest.raises(Unavailable, match="there is no topic nowhere"):
        list(read_topic(stack.kafka, "nowhere"))
