"""Contract: a ranker's start reads the end of a real policy topic, whatever stands before it."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest

from tideline.scripts.benchmarks.live.kafka_batches import BatchProducer, encode_batch, make_policy_topic
from tideline.udfs.io.longer_log import read_policy
from tideline.udfs.io.topic_reader import read_topic

if TYPE_CHECKING:
    from tideline.scripts.localstack import Stack

pytestmark = [pytest.mark.integration, pytest.mark.slow]

_KEYS = [b"1|a%d" % number for number in range(9)] + [b"1|*"]
_PUBLICATIONS = 3_000
_EVERY_MS = 2_000


@pytest.fixture(scope="module")
def topic(stack: Stack) -> str:
    """100 minutes of publications of ten rows; the last value of a key is the number of its publication."""
    name = f"policy-start-{os.getpid()}"
    make_policy_topic(stack.kafka, name)
    now_ms = int(time.time() * 1000)
    with BatchProducer(stack.kafka_bootstrap, name) as producer:
        for number in range(_PUBLICATIONS):
            rows = [(key, b"%d" % number) for key in _KEYS]
            producer.send({0: encode_batch(rows, now_ms - (_PUBLICATIONS - number) * _EVERY_MS)})
    return name


def test_the_newest_rows_are_read_and_not_the_topic(stack: Stack, topic: str) -> None:
    start = read_policy(stack.kafka, topic, _EVERY_MS)
    newest = {record.key: record.value for record in start.records}
    assert newest == dict.fromkeys(_KEYS, b"%d" % (_PUBLICATIONS - 1))
    assert (start.end, start.whole) == (_PUBLICATIONS * len(_KEYS), False)
    assert len(start.records) <= 65 * len(_KEYS)
    assert [record.offset for record in start.records] == sorted(record.offset for record in start.records)


def test_a_pinned_version_is_read_from_its_own_range(stack: Stack, topic: str) -> None:
    start = read_policy(stack.kafka, topic, _EVERY_MS, 1_000 * len(_KEYS) - 1)
    assert {record.key: record.value for record in start.records} == dict.fromkeys(_KEYS, b"999")


def test_a_topic_is_read_as_it_is(stack: Stack, topic: str) -> None:
    records = list(read_topic(stack.kafka, topic))
    assert [record.offset for record in records] == list(range(_PUBLICATIONS * len(_KEYS)))
    assert records[-1].value == b"%d" % (_PUBLICATIONS - 1)
