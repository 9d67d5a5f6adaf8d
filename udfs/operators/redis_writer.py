"""The sink: one batch of lists, written before the next element and so before any checkpoint barrier passes."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
from pyflink.datastream.functions import MapFunction, RuntimeContext

from tideline.udfs.core.lists.list_block import decode_block
from tideline.udfs.io.cluster_store import list_store
from tideline.udfs.io.kafka_cluster import KafkaCluster
from tideline.udfs.io.list_store import WriteCounts
from tideline.udfs.io.push_log import PushLog
from tideline.udfs.operators.metrics import Meters

if TYPE_CHECKING:
    from pyflink.common import Row

    from tideline.udfs.settings.job_config import JobConfig
    from tideline.udfs.settings.worker_config import WorkerConfig


class RedisWriter(MapFunction):
    """Writes the lists of a row (lists block, append times, popular list, stops, tally); returns how many it wrote.

    And the pushes of a row to their topic.
    """

    def __init__(self, submitted: WorkerConfig[JobConfig]) -> None:
        self._submitted = submitted

    def open(self, context: RuntimeContext) -> None:
        """Make the store; it connects on the first write."""
        config = self._submitted.opened()
        self._meters = Meters(context)
        self._store = list_store(
            config.redis_url,
            config.namespace,
            config.list_ttl_s * 1000,
            config.redis_deadline_s,
            on_retry=lambda: self._meters.add({"redis_retry": 1}),
        )
        self._pushes = PushLog(KafkaCluster(config.bootstrap, config.kafka_properties), config.topics.push)

    def close(self) -> None:
        """Close the connection."""
        self._store.close()
        self._pushes.close()

    def map(self, row: Row) -> int:
        """Write one batch. Raises Unavailable after the deadline, so that Flink restores and tries again."""
        block, appended, popular, stops, tally, pushes = row[0], row[1], row[2], row[3], row[4], row[5]
        if pushes:
            users, records, _ = decode_block(pushes)
            self._pushes.write(users, records)
        if popular:
            names, lists, _ = decode_block(popular)
            self._store.write_popular(dict(zip(names, lists, strict=True)))
        if stops:
            self._store.write_stops(stops)
        if tally:  # behind all lists of its shard
            (shard,), (payload,), _ = decode_block(tally)
            self._store.write_tally(shard, payload)
        if not block:
            return 0
        users, payloads, placements = decode_block(block)
        self._count(self._store.write(users, payloads, placements))
        elapsed_ms = int(time.time() * 1000) - np.frombuffer(appended, np.int64)
        self._meters.observe_latencies(elapsed_ms)
        return len(payloads)

    def _count(self, counts: WriteCounts) -> None:
        self._meters.add({f"redis_{name}": count for name, count in counts._asdict().items()})
