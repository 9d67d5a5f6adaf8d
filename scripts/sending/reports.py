"""What a sender says of how it goes: to the job and the operators what was not sent, to a log and Prometheus counts."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from kafka.errors import KafkaError

from tideline.schemas.codec import encode_event
from tideline.schemas.errors import InvalidRecord, Reason, Unavailable
from tideline.schemas.events import Event, EventType
from tideline.schemas.records import Origin, dead_letter_headers
from tideline.scripts.sending.delivery import Fate
from tideline.udfs.settings.build import BUILD_ID

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tideline.schemas.topics import Topics
    from tideline.udfs.core.push.push_record import PushRecord

NAME = "push_sender"
REFUSED = "refused"
"""A record that is none."""
_ACKNOWLEDGED_S = 60.0


class Reports:
    """Tells the job and the operators of what was not sent: an event that gives room back, a dead letter with why."""

    def __init__(self, producer: Any, topics: Topics) -> None:
        """Take a producer of Kafka."""
        self._producer, self._topics = producer, topics

    def not_sent(self, record: Any, push: PushRecord, fate: Fate, said: str) -> None:
        """Write that a message did not reach its user; it is written when this returns.

        Raises:
            Unavailable: no broker takes it.
        """
        self._send(self._topics.clickstream, push.user_id.encode(), encode_event(failure_of(push, fate)))
        if fate is Fate.FAILED:
            self.refused(InvalidRecord(Reason.PUSH_FAILED, said), record)

    def refused(self, error: InvalidRecord, record: Any) -> None:
        """Write a record of the topic of pushes as a dead letter; raises as `not_sent`."""
        origin = Origin(record.topic, record.partition, record.offset, record.timestamp)
        headers = dead_letter_headers(error, origin, NAME, BUILD_ID)
        self._send(self._topics.dead_letters, record.key, record.value, headers)

    def _send(
        self, topic: str, key: bytes | None, value: bytes | None, headers: Sequence[tuple[str, bytes]] = ()
    ) -> None:
        try:
            sent = self._producer.send(topic, key=key, value=value, headers=list(headers))
            sent.get(timeout=_ACKNOWLEDGED_S)
        except KafkaError as error:
            raise Unavailable("kafka", f"topic {topic} takes nothing: {type(error).__name__}") from error


def failure_of(record: PushRecord, fate: Fate) -> Event:
    """Return the event that says that a message was not sent; `category` says why."""
    now_ms = time.time_ns() // 1_000_000
    event = Event(record.push_id, record.user_id, EventType.PUSH_FAILED, now_ms, category=fate.value)
    return event._replace(activity_id=record.activity_id)


def line_of(counts: Mapping[str, int], behind: int) -> str:
    """Return a line of how many records became what.

    >>> line_of({"sent": 12, "withheld": 1_300}, 5)
    '1,312 read, 5 waiting: 12 sent, 1,300 withheld'
    """
    told = ", ".join(f"{count:,} {name}" for name, count in sorted(counts.items()))
    return f"{sum(counts.values()):,} read, {behind:,} waiting{': ' if told else ''}{told}"


def exposition(counts: Mapping[str, int], behind: int, seconds: float) -> str:
    """Return the same as Prometheus reads it, every fate with its number."""
    names = [*(fate.value for fate in Fate), REFUSED]
    return "".join(
        [
            "# HELP tideline_push_records_total Records of the topic of pushes, by what became of them.\n",
            "# TYPE tideline_push_records_total counter\n",
            *(f'tideline_push_records_total{{fate="{name}"}} {counts.get(name, 0)}\n' for name in names),
            "# HELP tideline_push_waiting Records that were not looked at yet.\n",
            "# TYPE tideline_push_waiting gauge\n",
            f"tideline_push_waiting {behind}\n",
            "# HELP tideline_push_seconds How long this sender has run.\n",
            "# TYPE tideline_push_seconds gauge\n",
            f"tideline_push_seconds {seconds:.0f}\n",
        ]
    )
