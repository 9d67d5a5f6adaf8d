"""What the login of a job must be allowed: the table in docs/operate.md, for a job of any options."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tideline.scripts.commands.target import cluster_of
from tideline.udfs.io.kafka_rights import Right, refuse_missing
from tideline.udfs.settings.job_config import ReplayConfig

if TYPE_CHECKING:
    from tideline.udfs.settings.job_config import JobConfig

REPLAY_WRITES = ("decisions", "dead_letters")


def job_rights(config: JobConfig) -> list[Right]:
    """Return the rights that the job uses."""
    read = [config.topics.clickstream, config.topics.activities, config.topics.control, config.topics.policy]
    out = config.output_topics.by_role()
    roles = REPLAY_WRITES if isinstance(config, ReplayConfig) else ("policy", *REPLAY_WRITES)
    return [
        *(Right("Read", "topic", name) for name in read),
        *(Right("Write", "topic", out[role]) for role in roles),
        Right("Read", "group", config.consumer_group),
    ]


def refuse_missing_rights(config: JobConfig) -> None:
    """Ask whether the job's topics are there and its login may use them; raises as `refuse_missing`."""
    refuse_missing(cluster_of(config), job_rights(config))
