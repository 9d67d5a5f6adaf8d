"""Topics as far back as Kafka and an archive of them go together: what the archive has, then what Kafka has more."""

from __future__ import annotations

from bisect import bisect_left
from contextlib import contextmanager
from itertools import chain
from typing import TYPE_CHECKING

from tideline.schemas.errors import ConfigError
from tideline.scripts.archive.archive_files import files_of, latest_ms, records_in
from tideline.udfs.io.topic_reader import opened

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from tideline.scripts.archive.archive_files import ArchivedFile
    from tideline.udfs.core.policies.policy_start import Log, TopicRecord
    from tideline.udfs.io.kafka_cluster import KafkaCluster


class LongerLog:
    """A partition from its first archived record on; a `Log`. Offsets that neither has hold no record."""

    def __init__(self, log: Log | None, files: Sequence[ArchivedFile]) -> None:
        """`files` are those of the partition, at least one, by offset; without a log it ends with them.

        Raises:
            ConfigError: the partition ends before the archive of it.
        """
        self._log, self._files, self._reached = log, files, files[-1].stop
        if log is not None and self._reached > log.end:
            told = f"an archive of this topic, which was archived to {self._reached}, and ends at {log.end}"
            raise ConfigError("--archive", str(files[-1].path), told)
        self.begin = files[0].start if log is None else min(files[0].start, log.begin)
        self.end = self._reached if log is None else log.end

    def offset_at(self, timestamp_ms: int) -> int:
        """Return the first offset with that timestamp or a later one, `end` where there is none."""
        at = bisect_left(self._files, timestamp_ms, key=latest_ms)
        if at == len(self._files):
            return self.end if self._log is None else max(self._reached, self._log.offset_at(timestamp_ms))
        its = self._files[at]
        found = (each.offset for each in records_in(its, its.start, its.stop) if each.timestamp_ms >= timestamp_ms)
        return next(found, its.stop)

    def records(self, start: int, stop: int) -> Iterable[TopicRecord]:
        """Return the records with an offset in start..stop-1, rising."""
        here = [each for each in self._files if each.stop > start and each.start < stop]
        archived = (records_in(each, start, stop) for each in here)
        if self._log is None:
            return chain(*archived)
        return chain(*archived, self._log.records(max(start, self._reached, self._log.begin), stop))


@contextmanager
def opened_with(cluster: KafkaCluster, topic: str, archive: Path | None) -> Iterator[Sequence[Log]]:
    """Yield the topic's partitions by number, each as far back as it is archived; None: as Kafka has them.

    Raises:
        ConfigError: the archive is of another topic, or a file is none of ours.
        Unavailable: as `opened`.
    """
    with opened(cluster, topic) as logs:
        files = files_of(archive, topic) if archive is not None else []
        of = {log.number: [each for each in files if each.partition == log.number] for log in logs}
        yield [LongerLog(log, of[log.number]) if of[log.number] else log for log in logs]
