"""What the login of a job must be allowed: the table in docs/operate.md, for a job of any options."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tideline.schemas.errors import Unavailable
from tideline.schemas.topics import apart
from tideline.scripts.commands.target import cluster_of
from tideline.udfs.io.kafka_rights import refuse_missing, rights_on
from tideline.udfs.settings.job_config import ReplayConfig

if TYPE_CHECKING:
    from tideline.udfs.io.kafka_rights import Right
    from tideline.udfs.settings.job_config import JobConfig

REPLAY_WRITES = ("decisions", "dead_letters")
LIVE_WRITES = ("policy", *REPLAY_WRITES)
PUSHING_WRITES = (*LIVE_WRITES, "push")
"""Of a live job with the option `push`; no other needs the topic."""


def written_by(config: JobConfig) -> tuple[str, ...]:
    """Return the roles of the topics that the job writes."""
    if isinstance(config, ReplayConfig):
        return REPLAY_WRITES if config.makes_lists else LIVE_WRITES
    return PUSHING_WRITES if config.push and config.makes_lists else LIVE_WRITES


def job_rights(config: JobConfig) -> list[Right]:
    """Return the rights that the job uses."""
    written = config.output_topics.by_role()
    return rights_on(config.topics, {role: written[role] for role in written_by(config)}, config.consumer_group)


def refuse_missing_rights(config: JobConfig) -> None:
    """Ask whether the job's topics are there and its login may use them, and whether profiles fit the clickstream.

    Raises:
        Unavailable: as `refuse_missing`, or profiles and clickstream differ in their partitions.
    """
    cluster = cluster_of(config)
    partitions = refuse_missing(cluster, job_rights(config))
    wrong = apart(config.topics, partitions)
    if wrong:
        raise Unavailable("kafka", f"{wrong}; make the topic of profiles again: scripts/topics --partitions N")
