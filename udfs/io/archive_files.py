"""The archive: what topics held, as Parquet files of records; each offset in exactly one of them.

    FOLDER/topic=clickstream/date=2026-11-27/p00003-00000000000000000000-00000000000000500000.parquet

A file holds the records of a partition (3) with an offset from the first number on and below the second one; its day is
that of its first record by Kafka's timestamp, in UTC. Columns: partition, offset, timestamp_ms, key and value, byte
for byte. Its metadata says `tideline.archive`, the version of this layout.

A file appears under its name whole: it is written beside it under a name that starts with a dot, flushed to the disk
and renamed. So the names alone say what is archived, and whoever is killed has done a whole file or nothing.
"""

from __future__ import annotations

import fcntl
import os
import re
from bisect import bisect_left
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

from tideline.schemas.errors import ConfigError
from tideline.udfs.core.policies.policy_start import TopicRecord

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

VERSION = b"1"
SCHEMA = pa.schema(
    [
        ("partition", pa.int32()),
        ("offset", pa.int64()),
        ("timestamp_ms", pa.int64()),
        ("key", pa.binary()),
        ("value", pa.binary()),
    ],
    metadata={b"tideline.archive": VERSION},
)
_NAME = re.compile(r"p(\d{5})-(\d{20})-(\d{20})\.parquet")
_GROUP_ROWS = 65_536
_DAYS_MS = (0, 253_402_300_799_999)
"""What a day can be named of: 1970 to 9999."""


class ArchivedFile(NamedTuple):
    """A file and the offsets it stands for."""

    partition: int
    start: int
    stop: int
    path: Path


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the archive for one writer, and clear what a killed one has left.

    Raises:
        ConfigError: another process writes it.
        OSError: the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ConfigError("--to", str(folder), "an archive that no other process writes") from error
        for left in folder.glob("topic=*/date=*/.*.tmp"):
            left.unlink()
        for topic in folder.glob("topic=*"):
            for merged in _parted(topic)[1]:
                merged.path.unlink()
        yield


def files_of(folder: Path, topic: str) -> list[ArchivedFile]:
    """Return the files of a topic by partition and offset, but those whose offsets one of them has as well.

    Raises:
        ConfigError: two of them stand for the same offset.
    """
    return _parted(folder / f"topic={topic}")[0]


def _parted(folder: Path) -> tuple[list[ArchivedFile], list[ArchivedFile]]:
    """Return the files of a topic's folder, and those that became part of one of them (archive_upkeep.merge)."""
    paths = ((path, _NAME.fullmatch(path.name)) for path in folder.glob("date=*/p*.parquet"))
    every = [ArchivedFile(int(of[1]), int(of[2]), int(of[3]), path) for path, of in paths if of]
    found: list[ArchivedFile] = []
    merged: list[ArchivedFile] = []
    for each in sorted(every, key=lambda each: (each.partition, each.start, -each.stop, each.path)):
        if not found or found[-1].partition != each.partition or each.start >= found[-1].stop:
            found.append(each)
        elif each.stop <= found[-1].stop:
            merged.append(each)
        else:
            raise ConfigError("archive", str(each.path), f"offsets that are not also in {found[-1].path}")
    return found, merged


class ArchivedLog:
    """A partition as far as it is archived; see policy_start.Log. Offsets that no file stands for hold nothing."""

    def __init__(self, number: int, files: Sequence[ArchivedFile]) -> None:
        """`files` are those of the partition, at least one, by offset."""
        self.number, self._files, self.path = number, files, files[-1].path
        self.begin, self.end = files[0].start, files[-1].stop

    def offset_at(self, timestamp_ms: int) -> int:
        """Return the first offset with that timestamp or a later one, `end` where there is none."""
        for each in self._files[bisect_left(self._files, timestamp_ms, key=latest_ms) :]:
            for record in records_in(each, each.start, each.stop):
                if record.timestamp_ms >= timestamp_ms:
                    return record.offset
        return self.end

    def records(self, start: int, stop: int) -> Iterator[TopicRecord]:
        """Yield the records with an offset in start..stop-1, rising."""
        for each in self._files:
            if each.stop > start and each.start < stop:
                yield from records_in(each, start, stop)

    def batches(self, start: int, stop: int) -> Iterator[pa.RecordBatch]:
        """Yield the records with an offset in start..stop-1, rising, in the columns of `batches_in`."""
        for each in self._files:
            if each.stop > start and each.start < stop:
                yield from batches_in(each, start, stop)

    def gap(self, start: int, stop: int) -> tuple[int, int] | None:
        """Return the first offsets of a range that were never archived, the last one excluded; None where all are."""
        reached = start
        for each in self._files:
            if each.stop <= reached:
                continue
            if each.start > reached or reached >= stop:
                break
            reached = each.stop
        after = min((each.start for each in self._files if each.start > reached), default=stop)
        return (reached, min(after, stop)) if reached < stop else None


def logs_of(folder: Path, topic: str) -> list[ArchivedLog]:
    """Return the partitions of a topic by number; raises as `files_of`."""
    files = files_of(folder, topic)
    numbers = sorted({each.partition for each in files})
    return [ArchivedLog(number, [each for each in files if each.partition == number]) for number in numbers]


def with_archived(folder: Path | None, topic: str, records: Iterable[TopicRecord]) -> Iterator[TopicRecord]:
    """Yield the records of a topic with one partition: what an archive has of it, then what Kafka has more.

    Raises:
        ConfigError: as `files_of`.
    """
    logs = [] if folder is None else logs_of(folder, topic)
    for log in logs[:1]:
        yield from log.records(log.begin, log.end)
    reached = logs[0].end if logs else 0
    yield from (each for each in records if each.offset >= reached)


def archived_to(folder: Path, topic: str) -> dict[int, int]:
    """Return by partition the offset below which all is archived; raises as `files_of`."""
    return {each.partition: each.stop for each in files_of(folder, topic)}


def write_range(folder: Path, topic: str, span: tuple[int, int, int], records: Sequence[TopicRecord]) -> Path:
    """Write the records of (partition, start, stop), which are all there are; return the file once it is there.

    Raises:
        OSError: it cannot be written; there is no such file then.
    """
    partition, start, stop = span
    day_ms = min(max(records[0].timestamp_ms, _DAYS_MS[0]), _DAYS_MS[1])
    day = datetime.fromtimestamp(day_ms // 1000, UTC).date().isoformat()
    path = folder / f"topic={topic}" / f"date={day}" / f"p{partition:05}-{start:020}-{stop:020}.parquet"
    columns = [
        pa.array(np.full(len(records), partition, np.int32)),
        pa.array([each.offset for each in records], pa.int64()),
        pa.array([each.timestamp_ms for each in records], pa.int64()),
        pa.array([each.key for each in records], pa.binary()),
        pa.array([each.value for each in records], pa.binary()),
    ]
    commit(pa.table(columns, schema=SCHEMA), path)
    return path


def read(folder: Path, topic: str) -> Iterator[TopicRecord]:
    """Yield the records of a topic, by partition and offset, a group of rows in memory at a time.

    Raises:
        ConfigError: there is no archive of it, or a file is none of ours.
    """
    files = files_of(folder, topic)
    if not files:
        raise ConfigError("--archive", str(folder), f"a folder with topic={topic}, as `tideline archive` writes it")
    for each in files:
        yield from records_in(each, each.start, each.stop)


def records_in(file: ArchivedFile, start: int, stop: int) -> Iterator[TopicRecord]:
    """Yield the records of a file with an offset in start..stop-1; raises as `batches_in`."""
    for batch in batches_in(file, start, stop):
        yield from map(TopicRecord._make, zip(*(column.to_pylist() for column in batch.columns), strict=True))


def batches_in(file: ArchivedFile, start: int, stop: int) -> Iterator[pa.RecordBatch]:
    """Yield offset, key, value and timestamp_ms of what has an offset in start..stop-1, a group of rows at a time.

    Raises:
        ConfigError: the file is none of ours, or damaged.
    """
    found, some = opened(file.path), start > file.start or stop < file.stop
    offsets = found.schema_arrow.get_field_index("offset")
    of = [found.metadata.row_group(at).column(offsets).statistics for at in range(found.num_row_groups)]
    # of a whole file all: statistics have no checksum
    groups = [at for at, each in enumerate(of) if not some or each is None or (each.max >= start and each.min < stop)]
    columns = ["offset", "key", "value", "timestamp_ms"]
    try:
        for batch in found.iter_batches(_GROUP_ROWS, row_groups=groups, columns=columns) if groups else ():
            if some:
                inside = pc.and_(pc.greater_equal(batch["offset"], start), pc.less(batch["offset"], stop))
                batch = batch.filter(inside)
            yield batch
    except (OSError, pa.ArrowException) as error:
        raise _damaged(file.path, error) from error


def whole(path: Path, columns: list[str] | None = None) -> pa.Table:
    """Return all records of a file, all columns or some; raises as `batches_in`."""
    found = opened(path)
    try:
        return found.read(columns)
    except (OSError, pa.ArrowException) as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> ConfigError:
    return ConfigError("archive", str(path), f"a file that can be read ({error})")


def latest_ms(file: ArchivedFile) -> int:
    """Return the latest Kafka timestamp of a file's records, 0 for none; raises as `records_in`."""
    found = opened(file.path)
    column = found.schema_arrow.get_field_index("timestamp_ms")
    of = [found.metadata.row_group(at).column(column).statistics for at in range(found.num_row_groups)]
    return max((each.max for each in of if each is not None), default=0)


def rows_of(folder: Path, topic: str) -> int:
    """Return how many records of a topic there are; raises as `records_in`."""
    return sum(opened(each.path).metadata.num_rows for each in files_of(folder, topic))


def opened(path: Path) -> parquet.ParquetFile:
    """Return a file of an archive; raises as `records_in`."""
    try:
        found = parquet.ParquetFile(path, page_checksum_verification=True)
    except pa.ArrowInvalid as error:
        raise ConfigError("archive", str(path), "a Parquet file") from error
    version = (found.schema_arrow.metadata or {}).get(b"tideline.archive")
    if version != VERSION:
        raise ConfigError("archive", str(path), f"layout {VERSION.decode()}, not {version!r}")
    return found


def commit(table: pa.Table, path: Path) -> None:
    """Write a file of an archive; it has its name once it is whole and on the disk.

    Raises:
        OSError: it cannot be written; what was there is as it was.
    """
    is_new_day = not path.parent.exists()
    path.parent.mkdir(parents=True, exist_ok=True)
    hidden = path.with_name(f".{path.name}.tmp")
    with hidden.open("wb") as out:
        parquet.write_table(table, out, compression="zstd", row_group_size=_GROUP_ROWS, write_page_checksum=True)
        out.flush()
        os.fsync(out.fileno())
    hidden.rename(path)
    for folder in (path.parent, *((path.parents[1], path.parents[2]) if is_new_day else ())):
        number = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(number)  # a rename is on the disk once its folder is
        finally:
            os.close(number)
