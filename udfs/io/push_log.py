"""The topic of pushes: each record is there, at least once, before whoever writes it goes on."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from kafka.errors import KafkaError

from tideline.schemas.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tideline.udfs.io.kafka_cluster import KafkaCluster


class PushLog:
    """Writes records of decision points; it connects with the first one."""

    def __init__(self, cluster: KafkaCluster, topic: str) -> None:
        """Take the cluster and the name of the topic."""
        self._cluster, self._topic = cluster, topic
        self._held = ExitStack()
        self._producer: Any = None

    def write(self, users: Sequence[bytes], records: Sequence[bytes]) -> None:
        """Write a record of each user, and wait until the brokers have them all.

        Raises:
            Unavailable: They do not within the time that the cluster is waited for.
        """
        if self._producer is None:
            doing = f"writing topic {self._topic}"
            made = self._cluster.producer(doing, f"Write on topic {self._topic}", acks="all")
            self._producer = self._held.enter_context(made)
        try:
            sent = [
                self._producer.send(self._topic, key=user, value=record)
                for user, record in zip(users, records, strict=True)
            ]
            for each in sent:
                each.get(timeout=2 * self._cluster.patience_s)
        except KafkaError as error:
            self.close()
            raise Unavailable("kafka", f"writing topic {self._topic} at {self._cluster.bootstrap}: {error}") from error

    def close(self) -> None:
        """Close the connection."""
        self._producer = None
        self._held.close()
