"""Kafka record batches made ahead of time, and a producer that only writes them to its socket.

kafka-python takes 40 us of a core for each record it sends; that would be half of the machine whose job is measured.
Record batch format 2 and Produce request version 3 of the Kafka protocol, uncompressed, without transactions.
"""

from __future__ import annotations

import socket
import struct
import time
from functools import cache
from typing import TYPE_CHECKING, Any

import crcmod.predefined  # type: ignore[import-untyped]
from kafka.admin import NewTopic
from kafka.partitioner.default import murmur2

from tideline.schemas.topics import SPECS
from tideline.udfs.io.topic_reader import topic_ends

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from types import TracebackType

    from tideline.udfs.io.kafka_cluster import KafkaCluster

PARTITIONS = 4
_AFTER_CRC = struct.Struct(">hiqqqhii")
_HEAD = struct.Struct(">qiibI")
_BEFORE_LENGTH_BYTES = 12
_crc32c: Any = crcmod.predefined.mkPredefinedCrcFun("crc-32c")
_ACKS_LEADER = 1
_TIMEOUT_S = 30.0


@cache
def partition_of(key: bytes) -> int:
    """Return the partition that Kafka's own clients choose for a key."""
    return int(murmur2(key) & 0x7FFFFFFF) % PARTITIONS


def by_partition(records: Iterable[tuple[bytes, bytes]]) -> dict[int, bytes]:
    """Return one record batch a partition of the (key, value) records, in their order."""
    found: dict[int, list[tuple[bytes, bytes]]] = {}
    for record in records:
        found.setdefault(partition_of(record[0]), []).append(record)
    return {partition: encode_batch(each) for partition, each in found.items()}


def encode_batch(records: list[tuple[bytes, bytes]], at_ms: int | None = None) -> bytes:
    """Return the record batch of one or more (key, value) records; its timestamp is `at_ms`, else now."""
    body = bytearray()
    for offset, (key, value) in enumerate(records):
        content = b"".join((b"\0\0", _varint(offset), _varint(len(key)), key, _varint(len(value)), value, b"\0"))
        body += _varint(len(content))
        body += content
    now_ms = int(time.time() * 1000) if at_ms is None else at_ms
    signed = _AFTER_CRC.pack(0, len(records) - 1, now_ms, now_ms, -1, -1, -1, len(records)) + body
    length = _HEAD.size - _BEFORE_LENGTH_BYTES + len(signed)
    return _HEAD.pack(0, length, -1, 2, _crc32c(signed)) + signed


@cache
def _varint(number: int) -> bytes:
    """Return a number >= 0 as Kafka's records hold it: zigzag, then seven bits a byte."""
    rest = number << 1
    found = bytearray()
    while rest > 0x7F:
        found.append(rest & 0x7F | 0x80)
        rest >>= 7
    found.append(rest)
    return bytes(found)


class BatchProducer:
    """Sends record batches to one topic of a broker without security. Not for several threads."""

    def __init__(self, bootstrap: str, topic: str) -> None:
        host, _, port = bootstrap.rpartition(":")
        self._socket = socket.create_connection((host, int(port)), _TIMEOUT_S)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._topic = topic.encode()

    def __enter__(self) -> BatchProducer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    def send(self, batches: Mapping[int, bytes]) -> None:
        """Send at most one batch a partition and wait until the broker has them.

        Raises:
            OSError: the broker is gone or has refused a batch.
        """
        parts = [struct.pack(">ii", partition, len(batch)) + batch for partition, batch in batches.items()]
        topic = struct.pack(">ih", 1, len(self._topic)) + self._topic + struct.pack(">i", len(parts))
        body = struct.pack(">hhihhhi", 0, 3, 0, -1, -1, _ACKS_LEADER, int(_TIMEOUT_S * 1000)) + topic + b"".join(parts)
        self._socket.sendall(struct.pack(">i", len(body)) + body)
        answer = self._read(struct.unpack(">i", self._read(4))[0])
        at = 4 + 4 + 2 + len(self._topic) + 4
        for _ in batches:
            partition, code = struct.unpack_from(">ih", answer, at)
            if code:
                raise OSError(f"Kafka refuses a batch for partition {partition}: error {code}")
            at += 22

    def _read(self, count: int) -> bytes:
        found = bytearray()
        while len(found) < count:
            part = self._socket.recv(count - len(found))
            if not part:
                raise ConnectionError("the broker has closed the connection")
            found += part
        return bytes(found)


def make_policy_topic(cluster: KafkaCluster, topic: str) -> None:
    """Make a policy topic whose records have the times that they say, and wait until it can be written."""
    config = dict(SPECS["policy"].config) | {"message.timestamp.type": "CreateTime"}
    with cluster.admin("making a topic", f"Create on topic {topic}") as admin:
        admin.create_topics([NewTopic(topic, 1, 1, topic_configs=config)])
    topic_ends(cluster, topic)  # asks the leader until there is one
