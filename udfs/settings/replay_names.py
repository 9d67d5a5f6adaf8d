"""What a replay calls its own in Redis and Kafka: whoever writes, promotes or deletes goes by these names alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from tideline.schemas.topics import Topics


class ReplayNames(NamedTuple):
    """First part of its keys, consumer group, topics that it may write (those of the other roles are never made)."""

    namespace: str
    group: str
    topics: Topics


def replay_names(name: str, prefix: str, group_id: str, topics: Topics) -> ReplayNames:
    """Return the names of a replay of the live job with that prefix, group and topics.

    No live job's prefix or group holds an @, nor does a replay's name, so keys and groups are nobody else's. Kafka
    allows no such sign in a topic: another deployment may have one of these names (scripts/replays/belongings.py).

    >>> from tideline.schemas.topics import Topics
    >>> names = replay_names("monday", "tideline", "shop", Topics())
    >>> names.namespace, names.group, names.topics.decisions
    ('tideline@monday', 'shop@monday', 'decisions-monday')
    """
    return ReplayNames(f"{prefix}@{name}", f"{group_id}@{name}", topics.with_suffix(f"-{name}"))
