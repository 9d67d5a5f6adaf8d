from __future__ import annotations

from unittest.mock import Mock

from kafka.partitioner.default import DefaultPartitioner
from kafka.record.memory_records import MemoryRecords

from tideline.scripts.benchmarks.live.kafka_batches import by_partition, encode_batch, partition_of


def test_a_batch_is_read_back_by_the_kafka_client() -> None:
    records = [(f"user-{number}".encode(), bytes(number)) for number in range(300)]

    batch = MemoryRecords(encode_batch(records)).next_batch()

    assert batch.validate_crc()
    assert [(record.key, record.value) for record in batch] == records


def test_keys_go_where_the_kafka_client_sends_them() -> None:
    cluster = Mock(**{"topics.return_value": {"t"}, "partitions_for_topic.return_value": {0, 1, 2, 3}})
    cluster.available_partitions_for_topic.return_value = {0, 1, 2, 3}
    for number in range(100):
        key = f"user-{number}".encode()
        assert partition_of(key) == DefaultPartitioner().partition("t", key, key, b"", b"", cluster)


def test_records_keep_their_order_inside_a_partition() -> None:
    records = [(b"user-1", b"a"), (b"user-2", b"b"), (b"user-1", b"c")]

    batches = by_partition(records)

    batch = MemoryRecords(batches[partition_of(b"user-1")]).next_batch()
    assert [record.value for record in batch if record.key == b"user-1"] == [b"a", b"c"]
