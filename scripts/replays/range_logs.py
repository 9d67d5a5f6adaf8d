"""Where a replay reads: the clickstream in Kafka or in an archive, and what both have of policy and activities."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

from tideline.scripts.commands.target import cluster_of
from tideline.scripts.replays.replay_policy import pinned
from tideline.scripts.replays.world_then import WorldThen, world_then
from tideline.udfs.io.archive_files import logs_of, with_archived
from tideline.udfs.io.longer_log import opened_with
from tideline.udfs.io.topic_reader import opened, read_topic

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tideline.scripts.replays.offsets import Log
    from tideline.udfs.settings.job_config import ReplayConfig


def clickstream_of(config: ReplayConfig) -> AbstractContextManager[Sequence[Log]]:
    """Open the partitions that a replay reads.

    Raises:
        ConfigError: the archive is none that can be read.
        Unavailable: as `opened` of topic_reader.
    """
    if config.archive is not None:
        return nullcontext(logs_of(config.archive, config.topics.clickstream))
    return opened(cluster_of(config), config.topics.clickstream)


def policy_of(config: ReplayConfig, now_ms: int) -> int | None:
    """Return the policy version that a replay ranks by, None where nothing was learned yet; raises as `pinned`."""
    with opened_with(cluster_of(config), config.topics.policy, config.archive) as (log, *_):
        return pinned(log, config.publish_ms, config.policy_pin, now_ms)


def world_of(config: ReplayConfig, first_ms: int, last_ms: int) -> WorldThen:
    """Return what is known of the world of a range; raises as `clickstream_of`."""
    cluster, topics = cluster_of(config), config.topics
    activities = with_archived(config.archive, topics.activities, read_topic(cluster, topics.activities))
    return world_then(activities, read_topic(cluster, topics.control), first_ms, last_ms)
