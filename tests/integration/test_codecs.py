"""Records of every codec that Kafka knows are read, and what a producer took back is not."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest
from kafka import KafkaProducer

from tests.support.live import LiveJob
from tests.support.traffic import make_activities
from tideline.schemas.codec import encode_event
from tideline.schemas.events import Event, EventType
from tideline.udfs.io.topic_reader import read_topic

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tideline.scripts.localstack import Stack

pytestmark = pytest.mark.integration

CODECS = ("gzip", "snappy", "lz4", "zstd")


@pytest.fixture(scope="module")
def own(stack: Stack) -> Iterator[LiveJob]:
    """A job beside the shared one, whose topics hold nothing else."""
    stack.add_taskmanager()
    live = LiveJob(stack, f"codecs{os.getpid()}")
    live.put_activities(make_activities(20, int(time.time() * 1000)))
    live.start()
    yield live
    if stack.rest.job_state(live.job_id) == "RUNNING":
        stack.rest.cancel(live.job_id)


def view(user: str, number: int) -> tuple[bytes, bytes]:
    event = Event(f"{user}.{number}", user, EventType.VIEW, int(time.time() * 1000), item_id="item-9", category="BEEF")
    return user.encode(), encode_event(event)


def test_records_of_every_codec_are_read_and_an_aborted_transaction_is_not(own: LiveJob) -> None:
    """Contract: the job and the Python tools read the same records and come to the end, a marker last or not."""
    for codec in CODECS:
        producer = KafkaProducer(bootstrap_servers=own.stack.kafka_bootstrap, compression_type=codec)
        key, value = view(f"u-{codec}", 1)
        producer.send(own.topics.clickstream, key=key, value=value).get(timeout=30)
        producer.close()
    writer = KafkaProducer(bootstrap_servers=own.stack.kafka_bootstrap, transactional_id=own.tag)
    writer.init_transactions()
    writer.begin_transaction()
    key, value = view("u-aborted", 1)
    writer.send(own.topics.clickstream, key=key, value=value).get(timeout=30)
    writer.abort_transaction()
    writer.close()
    own.produce([view("u-plain", 1)])

    read = {record.key for record in read_topic(own.stack.kafka, own.topics.clickstream)}
    own.drain()

    users = {f"u-{codec}" for codec in CODECS} | {"u-plain"}
    assert read == {user.encode() for user in users}
    assert own.all_lists().keys() == users
