"""What the plain consumer loop does with a batch: the live job's own core, users in a dict, lists to Redis."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tideline.models.encoder import Encoder
from tideline.scripts.benchmarks.live.peers.event_body import known_activities
from tideline.udfs.core.serving.engine import process
from tideline.udfs.core.serving.ranker_state import RankerState
from tideline.udfs.settings.rank_settings import rank_settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tideline.udfs.core.serving.engine import Records
    from tideline.udfs.io.list_store import ListStore
    from tideline.udfs.settings.job_config import JobConfig


class Loop:
    """The users of one process."""

    def __init__(self, ranker: RankerState, store: ListStore) -> None:
        self._ranker, self._store = ranker, store
        self._states: dict[str, bytes] = {}

    def work_off(self, records: Records) -> None:
        """Apply a batch; its lists are in Redis when this returns."""
        outcome = process(records, lambda users: [self._states.get(user) for user in users], self._ranker)
        self._states.update(zip(outcome.users, outcome.states, strict=True))
        self._store.write([user.encode() for user in outcome.listed], outcome.lists)


def share(partitions: Sequence[int], number: int, processes: int) -> list[int]:
    """Return the partitions of one of the processes.

    >>> share([4, 0, 1, 2, 3], 1, 2)
    [1, 3]
    """
    return sorted(partitions)[number::processes]


def ranker_of(config: JobConfig) -> RankerState:
    """Return a ranker that has learned nothing, with the activities that the topic has now."""
    known = {each.activity_id: each for each in known_activities(config)}
    return RankerState.start(rank_settings(config), Encoder.load(config.encoder, "cpu"), known)
