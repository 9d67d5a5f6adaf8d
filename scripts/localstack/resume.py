"""Finds the state that a job left on its cluster: the newest completed checkpoint or savepoint of a name."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tideline.scripts.localstack.errors import StackError
from tideline.udfs.io.kafka_cluster import KafkaCluster
from tideline.udfs.io.topic_reader import group_offsets
from tideline.udfs.settings.restart import kept_options

if TYPE_CHECKING:
    from tideline.udfs.settings.job_config import JobConfig

_RECORDS = "submitted"
_PATIENCE_S = 10.0


@dataclass(frozen=True)
class Submitted:
    """What is kept of a submitted job, in a folder beside its checkpoints.

    Attributes:
        job_id: Its id; Flink puts its checkpoints into a folder of that name.
        name: Its name.
        options: `tideline.udfs.settings.restart.kept_options` of its configuration.
    """

    job_id: str
    name: str
    options: dict[str, str]


def keep(root: Path, job_id: str, config: JobConfig) -> None:
    """Write down, for a later restart, what was submitted; `root` holds the folders checkpoints and savepoints."""
    folder = root / "checkpoints" / _RECORDS
    folder.mkdir(parents=True, exist_ok=True)
    written = Submitted(job_id, config.name, kept_options(config))
    (folder / f"{job_id}.json").write_text(json.dumps(asdict(written)))


def newest_state(root: Path, name: str) -> tuple[str, Submitted]:
    """Return where the newest completed checkpoint or savepoint of a job of that name lies, and what was submitted.

    Raises:
        StackError: There is none.
    """
    found = [
        (metadata.stat().st_mtime_ns, str(metadata.parent), job)
        for job in submitted(root)
        if job.name == name
        for metadata in completed(root, job.job_id)
    ]
    if not found:
        raise StackError(
            f"{root}/checkpoints holds no completed state of a job named {name!r}; give -s PATH or --fresh"
        )
    _, path, job = max(found, key=lambda each: each[:2])
    return path, job


def submitted_of(root: Path, path: str) -> Submitted | None:
    """Return what was submitted as the job that left this state; None where nobody knows."""
    place = Path(path.removeprefix("file://")).resolve()
    for job in submitted(root):
        if any(metadata.parent.resolve() == place for metadata in completed(root, job.job_id)):
            return job
    return None


def has_commits(config: JobConfig) -> bool:
    """Return whether the job's consumer group has read the clickstream before.

    Raises:
        Unavailable: No broker answers, or one refuses.
    """
    cluster = KafkaCluster(config.bootstrap, config.kafka_properties, _PATIENCE_S)
    found = group_offsets(cluster, config.consumer_group)
    return any(partition.topic == config.topics.clickstream for partition in found)


def submitted(root: Path) -> list[Submitted]:
    """Return what was written down of all jobs."""
    return [Submitted(**json.loads(path.read_text())) for path in (root / "checkpoints" / _RECORDS).glob("*.json")]


def completed(root: Path, job_id: str) -> list[Path]:
    """Return the metadata of the completed states of a job: one is complete once they are there, written last."""
    checkpoints = (root / "checkpoints" / job_id).glob("chk-*/_metadata")
    return [*checkpoints, *(root / "savepoints").glob(f"savepoint-{job_id[:6]}-*/_metadata")]
