"""What the topics of a deployment hold of one user: for `tideline erase` and `tideline person`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import orjson
from kafka.errors import UnknownTopicOrPartitionError

from tideline.schemas.codec import decode_event
from tideline.schemas.errors import InvalidRecord
from tideline.schemas.events import TYPE_NAMES, EventType
from tideline.schemas.records import DECISION, PROFILE, PUSH, RecordCodec
from tideline.udfs.core.lists.decision_token import verify
from tideline.udfs.io.topic_reader import opened

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from tideline.udfs.core.lists.token_keys import TokenKeys
    from tideline.udfs.core.policies.policy_start import TopicRecord
    from tideline.udfs.io.kafka_cluster import KafkaCluster

_CODECS: dict[str, RecordCodec] = {"profiles": PROFILE, "decisions": DECISION, "push": PUSH}


class Found(NamedTuple):
    """A record of a user and the partition it is in."""

    partition: int
    record: TopicRecord


class Told(NamedTuple):
    """What his events say: how many, the tokens of his lists, and the partition they are in, None for none."""

    events: int
    tokens: list[str]
    partition: int | None


def is_there(cluster: KafkaCluster, topic: str) -> bool:
    """Return whether there is a topic, or one that the login may not see: to read it says that.

    Raises:
        Unavailable: no broker answers.
    """
    with cluster.admin(f"looking for topic {topic}", f"Describe on topic {topic}") as admin:
        (found,) = admin.describe_topics([topic])
    return bool(found["error_code"] != UnknownTopicOrPartitionError.errno)


def records_of(cluster: KafkaCluster, topic: str, user: str) -> Iterator[Found]:
    """Yield the records whose key is a user, in order of partition and offset: a look at every record of the topic.

    Raises:
        Unavailable: as `read_topic`.
    """
    key = user.encode()
    with opened(cluster, topic) as logs:
        for log in logs:
            for record in log.records(log.begin, log.end):
                if record.key == key:
                    yield Found(log.number, record)


def told_by(found: Sequence[Found], keys: TokenKeys) -> Told:
    """Return what a user's records in the clickstream say; a token that is not his, or not ours, is none of his."""
    tokens: dict[str, None] = {}
    for _, record in found:
        try:
            event = decode_event(record.key, record.value, record.timestamp_ms)
            if event.token is not None and event.type != EventType.ERASE:
                verify(event.token, event.user_id, keys)
                tokens[event.token] = None
        except InvalidRecord:
            continue
    return Told(len(found), list(tokens), found[-1].partition if found else None)


def placements_of(decisions: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the names of the placements that a user was shown lists of, from his decisions as `readable` has them."""
    values = [each["value"] for each in decisions]
    return sorted({each["placement"] for each in values if isinstance(each, dict) and each.get("placement")})


def readable(role: str, found: Found) -> dict[str, Any]:
    """Return a record as JSON holds it; what cannot be decoded as the bytes it is, in hexadecimal."""
    partition, record = found
    place = {"partition": partition, "offset": record.offset, "timestamp_ms": record.timestamp_ms}
    return {**place, "value": _value(role, record)}


def _value(role: str, record: TopicRecord) -> Any:
    value = record.value
    if value is None:
        return None
    try:
        if role == "clickstream":
            event = decode_event(record.key, value, record.timestamp_ms)
            return {**event._asdict(), "type": TYPE_NAMES[event.type]}
        if role in _CODECS and value[:1] != b"{":
            return {name: _plain(each) for name, each in _CODECS[role].decode(value).items()}
        return orjson.loads(value)
    except (InvalidRecord, orjson.JSONDecodeError):
        return {"bytes": value.hex()}


def _plain(value: Any) -> Any:
    return value.hex() if isinstance(value, bytes) else value
