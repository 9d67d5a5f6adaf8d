"""Kafka as the demo's shop sees it: it sends the clickstream and its activities, and reads what was decided."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kafka import KafkaProducer

from tideline.schemas.codec import encode_event
from tideline.schemas.records import DECISION
from tideline.scripts.simulation.demo_error import DemoError
from tideline.udfs.core.catalogue.activity import encode_activity
from tideline.udfs.io.topic_reader import read_topic

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from tideline.schemas.events import Event
    from tideline.schemas.topics import Topics
    from tideline.udfs.core.catalogue.activity import Activity
    from tideline.udfs.io.kafka_cluster import KafkaCluster

_LINGER_MS = 5
_FLUSH_S = 30.0


class Clickstream:
    """Sends events in their order. Not for several threads."""

    def __init__(self, bootstrap: str, topics: Topics) -> None:
        self._producer = KafkaProducer(bootstrap_servers=bootstrap, linger_ms=_LINGER_MS)
        self._topics = topics
        self._failure: BaseException | None = None

    def send(self, event: Event) -> None:
        """Hand one event over to the Kafka client.

        Raises:
            DemoError: an earlier one was not delivered.
        """
        if self._failure is not None:
            raise DemoError(f"Kafka did not take an event: {self._failure}") from self._failure
        future = self._producer.send(self._topics.clickstream, key=event.user_id.encode(), value=encode_event(event))
        future.add_errback(self._failed)

    def publish(self, activities: Iterable[Activity]) -> None:
        """Send the activities and wait until Kafka has them."""
        for activity in activities:
            key = activity.activity_id.encode()
            future = self._producer.send(self._topics.activities, key=key, value=encode_activity(activity))
            future.add_errback(self._failed)
        self.flush()

    def flush(self) -> None:
        """Wait until Kafka has everything that was sent.

        Raises:
            DemoError: it does not take it.
        """
        self._producer.flush(timeout=_FLUSH_S)
        if self._failure is not None:
            raise DemoError(f"Kafka did not take a record: {self._failure}") from self._failure

    def close(self) -> None:
        """Close the connections; what was not delivered by now is given up."""
        self._producer.close(timeout=0)

    def _failed(self, failure: BaseException) -> None:
        self._failure = failure


def read_decisions(cluster: KafkaCluster, topic: str) -> list[dict[str, Any]]:
    """Return the decision records that are in the topic now, by the time they were shown.

    Raises:
        Unavailable: the topic could not be read.
    """
    found = [DECISION.decode(record.value) for record in read_topic(cluster, topic) if record.value is not None]
    return sorted(found, key=lambda decision: (decision["shown_ms"], decision["position"]))
