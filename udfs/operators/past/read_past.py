"""Profiles, activities and orders as the topics still tell of them, for a job over the past; a live one is told."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, NamedTuple

from tideline.udfs.core.profiles.held_profiles import HeldProfiles
from tideline.udfs.core.serving.broker_clock import BrokerClock
from tideline.udfs.core.serving.past.changes import changes_of
from tideline.udfs.core.serving.past.worlds import Worlds
from tideline.udfs.io.archive_files import with_archived
from tideline.udfs.settings.job_config import BackfillConfig, ReplayConfig

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from tideline.udfs.core.policies.policy_start import TopicRecord
    from tideline.udfs.core.serving.ranker_state import RankerState
    from tideline.udfs.settings.job_config import JobConfig

_log = logging.getLogger(__name__)


class Told(NamedTuple):
    """The state before anything was told, and what the topics of orders and activities hold."""

    start: RankerState
    orders: Sequence[TopicRecord]
    activities: Sequence[TopicRecord]


class Past(NamedTuple):
    """Each user's profiles, and the world as it stood; None of what a job goes by as it comes, or as it is now."""

    profiles: HeldProfiles | None = None
    worlds: Worlds | None = None

    def last(self, now: RankerState) -> RankerState:
        """Return the world that nothing of the past changes any more; `now` is that of the start."""
        return self.worlds.last() if self.worlds else now


def with_more(config: JobConfig, told: Told) -> Told:
    """Return what was told with the activities that only the archive of a replay still has."""
    if not isinstance(config, ReplayConfig) or config.archive is None:
        return told
    more = with_archived(config.archive, config.topics.activities, told.activities)
    return told._replace(activities=list(more))


def read_past(
    config: JobConfig,
    read: Callable[[str], Iterable[TopicRecord]],
    told: Told,
    now: RankerState,
    present_ms: int,
) -> Past:
    """Return what a job goes by beside its records; `now` is what all that was told leads to."""
    if not isinstance(config, ReplayConfig | BackfillConfig):
        return Past()
    records = list(read(config.topics.profiles))
    keys, stamped_ms = [each.key for each in records], [each.timestamp_ms for each in records]
    believed_ms = BrokerClock().bounded(keys, stamped_ms, present_ms)
    profiles = HeldProfiles(zip(keys, (each.value for each in records), believed_ms, strict=True))
    if not isinstance(config, ReplayConfig) or config.world == "now":
        return Past(profiles)
    activities = changes_of(told.activities)
    _log.info(
        "%d activity records, %d gone from the topic; activities taken for what they were first known as: %d",
        len(activities.told),
        len(activities.lost_at_ms),
        len(activities.unsure),
    )
    return Past(profiles, Worlds(told.start, now, activities, changes_of(told.orders)))
