"""Who wants no messages any more, heard from the clickstream and the profiles while messages are sent.

A record of the topic of pushes was decided on with the consent of its time. What changed since is in two topics: events
`unsubscribe`, and profiles. Both are followed, what they say is kept in Redis, and before each message `as_of_now`
waits until all has been read that Kafka had accepted by then. So an unsubscribing that was accepted before a message is
looked at stops that message, however much the job has still to do before it reads of it.
"""

from __future__ import annotations

import threading
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, NamedTuple

from kafka import TopicPartition

from tideline.schemas.codec import decode_event, type_of_record
from tideline.schemas.errors import InvalidRecord, TidelineError, Unavailable
from tideline.schemas.events import TYPE_NAMES, EventType
from tideline.udfs.core.profiles.kept_profile import keep_record, read_kept
from tideline.udfs.core.pushing.ways import opted_out

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

    from tideline.schemas.topics import Topics
    from tideline.scripts.sending.claims import Claims
    from tideline.udfs.io.kafka_cluster import KafkaCluster

_POLL_MS = 100
_IDLE_MS = 10
"""So long whoever asks may have to wait until he is heard."""
_SILENT_POLLS = 300
_NAME = TYPE_NAMES[EventType.UNSUBSCRIBE].encode()
_WAIT_S = 60.0
HEARD_MS = 14_400_000
"""So far back is read at most: a record is good for two hours, and what is older the job knew when it decided."""


class ConsentFeed:
    """Follows both topics in a thread of its own, from where the last sender left off; ends with its `with`."""

    def __init__(self, cluster: KafkaCluster, topics: Topics, claims: Claims, since_ms: int) -> None:
        """What is of before `since_ms` is left to the job, which has read it."""
        self._cluster, self._topics, self._claims, self._since_ms = cluster, topics, claims, since_ms
        self._changed = threading.Condition()
        self._asked = self._done = 0
        self._ended = False
        self._error: TidelineError | None = None
        self._thread = threading.Thread(target=self._run, name="consent", daemon=True)

    def __enter__(self) -> ConsentFeed:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._changed:
            self._ended = True
            self._changed.notify_all()
        self._thread.join(_WAIT_S)

    def as_of_now(self) -> None:
        """Wait until all that Kafka had accepted at this moment is heard.

        Raises:
            Unavailable: Kafka or Redis does not answer.
        """
        with self._changed:
            self._asked += 1
            mine = self._asked
            self._changed.notify_all()
            while self._done < mine:
                if self._error is not None:
                    raise self._error
                if self._ended:
                    raise Unavailable("kafka", "consent is not followed any more")
                self._changed.wait(_WAIT_S)

    def _run(self) -> None:
        try:
            self._follow()
        except TidelineError as error:
            self._error = error
        finally:  # whatever it was, nobody waits for a thread that is over
            with self._changed:
                self._ended = True
                self._changed.notify_all()

    def _follow(self) -> None:
        topics = self._topics
        doing = f"reading consent from topics {topics.clickstream} and {topics.profiles}"
        needs = f"Read on topics {topics.clickstream}, {topics.profiles}"
        with ExitStack() as stack:
            # Two connections: a broker answers one question of each at a time, and a fetch waits for what comes.
            reader, asker = (stack.enter_context(self._cluster.consumer(doing, needs)) for _ in range(2))
            partitions = _partitions(reader, (topics.clickstream, topics.profiles))
            reader.assign(partitions)
            self._seek(reader, partitions)
            while not self._ended:
                with self._changed:
                    asked = self._asked
                if asked > self._done:
                    self._read_to(reader, asker.end_offsets(partitions))
                    with self._changed:
                        self._done = asked
                        self._changed.notify_all()
                else:
                    self._take(reader.poll(timeout_ms=_IDLE_MS))

    def _seek(self, reader: Any, partitions: Sequence[TopicPartition]) -> None:
        heard = self._claims.heard()
        ends = reader.end_offsets(partitions)
        since = reader.offsets_for_times(dict.fromkeys(partitions, self._since_ms))
        for each in partitions:
            first = ends[each] if since[each] is None else since[each].offset
            known = heard.get((each.topic, each.partition), first)
            # a topic that was made anew is shorter than what was read of the former one
            reader.seek(each, max(known, first) if known <= ends[each] else first)

    def _read_to(self, reader: Any, ends: Mapping[TopicPartition, int]) -> None:
        silent = 0
        while any(reader.position(each) < end for each, end in ends.items()):
            found = reader.poll(timeout_ms=_POLL_MS)
            silent = 0 if found else silent + 1
            if silent == _SILENT_POLLS:
                raise Unavailable("kafka", "the topics of consent send nothing, and are not at their ends")
            self._take(found)

    def _take(self, found: Mapping[TopicPartition, Sequence[Any]]) -> None:
        heard = {}
        for partition, records in found.items():
            take = self._unsubscribed if partition.topic == self._topics.clickstream else self._agreed
            for record in records:
                take(record)
            heard[partition.topic, partition.partition] = records[-1].offset + 1
        self._claims.hear(heard)

    def _unsubscribed(self, record: Any) -> None:
        said = unsubscribed(record.key, record.value, record.timestamp)
        if said is not None:
            self._claims.note(*said, agrees=False)

    def _agreed(self, record: Any) -> None:
        said = consent_of(record.key, record.value, record.timestamp)
        if said is not None:
            self._claims.note(said.user, said.at_ms, agrees=said.agrees)
            self._claims.note_channels(said.user, said.at_ms, said.out)


def unsubscribed(key: bytes | None, value: bytes | None, record_ts_ms: int) -> tuple[str, int] | None:
    """Return who unsubscribed by a record of the clickstream and when, to the end of that second as the job has it."""
    kind = type_of_record(value)
    is_json = value is not None and value[:1] == b"{"
    if kind != EventType.UNSUBSCRIBE and (kind is not None or value is None or (is_json and _NAME not in value)):
        return None
    try:
        event = decode_event(key, value, record_ts_ms)
    except InvalidRecord:
        return None
    return (event.user_id, -(-event.ts_ms // 1000) * 1000) if event.type == EventType.UNSUBSCRIBE else None


class Said(NamedTuple):
    """Whose profile a record is, of when, whether it agrees to messages, and by which channels not."""

    user: str
    at_ms: int
    agrees: bool
    out: tuple[str, ...] = ()


def consent_of(key: bytes | None, value: bytes | None, record_ts_ms: int) -> Said | None:
    """Return what a record of a profile says; None where it is refused."""
    try:
        user, kept = keep_record(key, value, record_ts_ms)
    except InvalidRecord:
        return None
    known = read_kept(kept)
    return Said(user, known.ts_ms, known.stated and known.push, opted_out(kept))


def _partitions(reader: Any, topics: Sequence[str]) -> list[TopicPartition]:
    found = []
    for topic in topics:
        numbers = reader.partitions_for_topic(topic)
        if not numbers:
            raise Unavailable("kafka", f"there is no topic {topic}; make it with scripts/topics")
        found += [TopicPartition(topic, number) for number in sorted(numbers)]
    return found
