"""Topics as far back as Kafka and an archive of them go together: what the archive has, then what Kafka has more."""

from __future__ import annotations

from contextlib import contextmanager
from itertools import chain
from typing import TYPE_CHECKING

from tideline.schemas.errors import ConfigError
from tideline.udfs.core.policies.policy_start import PolicyStart, read_start
from tideline.udfs.io.archive_files import logs_of
from tideline.udfs.io.topic_reader import opened

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from tideline.udfs.core.policies.policy_start import Log, TopicRecord
    from tideline.udfs.io.archive_files import ArchivedLog
    from tideline.udfs.io.kafka_cluster import KafkaCluster


class LongerLog:
    """A partition from its first archived record on; a `Log`. Offsets that neither has hold no record."""

    def __init__(self, log: Log, archived: ArchivedLog) -> None:
        """Take what the archive has, then what the topic has more.

        Raises:
            ConfigError: the partition ends before the archive of it.
        """
        self._log, self._archived = log, archived
        if archived.end > log.end:
            told = f"an archive of this topic, which was archived to {archived.end}, and ends at {log.end}"
            raise ConfigError("--archive", str(archived.path), told)
        self.begin, self.end = min(archived.begin, log.begin), log.end

    def offset_at(self, timestamp_ms: int) -> int:
        """Return the first offset with that timestamp or a later one, `end` where there is none."""
        at = self._archived.offset_at(timestamp_ms)
        return at if at < self._archived.end else max(at, self._log.offset_at(timestamp_ms))

    def records(self, start: int, stop: int) -> Iterable[TopicRecord]:
        """Return the records with an offset in start..stop-1, rising."""
        more = self._log.records(max(start, self._archived.end, self._log.begin), stop)
        return chain(self._archived.records(start, stop), more)


@contextmanager
def opened_with(cluster: KafkaCluster, topic: str, archive: Path | None) -> Iterator[Sequence[Log]]:
    """Yield the topic's partitions by number, each as far back as it is archived; None: as Kafka has them.

    Raises:
        ConfigError: the archive is of another topic, or a file is none of ours.
        Unavailable: as `opened`.
    """
    with opened(cluster, topic) as logs:
        of = {each.number: each for each in (logs_of(archive, topic) if archive is not None else ())}
        yield [LongerLog(log, of[log.number]) if log.number in of else log for log in logs]


def read_policy(
    cluster: KafkaCluster, topic: str, publish_ms: int, pinned: int | None = None, archive: Path | None = None
) -> PolicyStart:
    """Return the newest rows of the policy topic, or those of a pinned offset; raises as `opened_with`."""
    with opened_with(cluster, topic, archive) as (log, *_):
        return read_start(log, publish_ms, pinned)
