"""What the login of a job must be allowed: the table in docs/operate.md, for a job of any options."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tideline.schemas.errors import Unavailable
from tideline.schemas.topics import apart
from tideline.scripts.commands.target import cluster_of
from tideline.udfs.io.kafka_rights import Right, refuse_missing
from tideline.udfs.settings.job_config import ReplayConfig

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tideline.schemas.topics import Topics
    from tideline.udfs.settings.job_config import JobConfig

REPLAY_WRITES = ("decisions", "dead_letters")


LIVE_WRITES = ("policy", *REPLAY_WRITES)


def job_rights(config: JobConfig) -> list[Right]:
    """Return the rights that the job uses."""
    roles = REPLAY_WRITES if isinstance(config, ReplayConfig) else LIVE_WRITES
    return rights_on(
        config.topics, {role: config.output_topics.by_role()[role] for role in roles}, config.consumer_group
    )


def rights_on(topics: Topics, written: Mapping[str, str], group: str) -> list[Right]:
    """Return the rights of a job that reads these topics, writes those (name by role) and is of that group."""
    read = [topics.clickstream, topics.profiles, topics.activities, topics.control, topics.policy, topics.erasures]
    return [
        *(Right("Read", "topic", name) for name in read),
        *(Right("Write", "topic", name) for name in written.values()),
        Right("Read", "group", group),
    ]


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
