"""Keeps what topics hold as Parquet files: `tideline archive --help`."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from tideline.schemas.errors import ConfigError, Unavailable
from tideline.scripts.archive import archive_upkeep
from tideline.scripts.commands.exits import failed
from tideline.scripts.commands.target import read_target
from tideline.scripts.localstack import StackError
from tideline.scripts.parsers.verbs import parse
from tideline.udfs.io import archive_files
from tideline.udfs.io.topic_reader import opened

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tideline.schemas.topics import Topics
    from tideline.scripts.commands.target import Target
    from tideline.udfs.core.policies.policy_start import Log, TopicRecord


_DAY_MS = 86_400_000
_MOST_BYTES = 64 << 20
"""Of values in one file: rows of the policy have a kilobyte each."""


def archive(target: Target, folder: Path, most_rows: int, *, policy: bool = False) -> int:
    """Write what clickstream and decisions have behind what is archived, up to their ends; return how many records.

    With `policy` those of policy and activities too.

    Raises:
        ConfigError: another process writes the archive, or it does not fit the topics.
        OSError, Unavailable: the message says what is wrong; what was written is kept.
    """
    done = 0
    with archive_files.locked(folder):
        names = target.topics
        for topic in (*_of_users(names), *((names.policy, names.activities) if policy else ())):
            reached = archive_files.archived_to(folder, topic)
            with opened(target.cluster, topic) as logs:
                for log in logs:
                    start = first_offset(f"{topic}, partition {log.number}", log, reached.get(log.number))
                    for stop, records in ranges(log, start, most_rows):
                        archive_files.write_range(folder, topic, (log.number, start, stop), records)
                        start = stop
                        done += len(records)
    return done


def first_offset(where: str, log: Log, reached: int | None) -> int:
    """Return where to go on in a partition that is archived up to an offset, None: not at all.

    Raises:
        ConfigError: the partition ends before that.
    """
    if reached is None:
        return log.begin
    if reached > log.end:
        told = f"an archive of this topic, which was archived to {reached}, and ends at {log.end}"
        raise ConfigError("--to", where, told)
    if reached < log.begin:
        _say(f"{where}: offsets {reached} to {log.begin - 1} are in Kafka no more")
    return max(reached, log.begin)


def ranges(log: Log, start: int, most_rows: int) -> Iterator[tuple[int, list[TopicRecord]]]:
    """Yield where each range ends, and its records; offsets that hold none go to the range before them."""
    records: list[TopicRecord] = []
    size = 0
    for record in log.records(start, log.end):
        if len(records) == most_rows or size >= _MOST_BYTES:
            yield record.offset, records
            records, size = [], 0
        records.append(record)
        size += len(record.value or b"")
    if records:
        yield log.end, records


def forget(topics: Topics, folder: Path, user: str) -> int:
    """Write the files that hold a user anew without him; return how many records went.

    Raises:
        ConfigError: another process writes the archive, or a file is none of ours.
        OSError: one cannot be written.
    """
    with archive_files.locked(folder):
        return sum(archive_upkeep.forget(folder, topic, user.encode()) for topic in _of_users(topics))


def tidy(topics: Topics, folder: Path, most_rows: int | None, before_ms: int | None) -> list[str]:
    """Merge small files, up to so many rows, and delete what is from before a moment; return a line for each done.

    The policy goes a day later than the lists that were ranked by it; activities stay, as their topic keeps them.

    Raises:
        ConfigError: another process writes the archive, or a file is none of ours.
        OSError: a file cannot be written.
    """
    lines = []
    with archive_files.locked(folder):
        if before_ms is not None:
            gone = sum(archive_upkeep.expire(folder, topic, before_ms) for topic in _of_users(topics))
            gone += archive_upkeep.expire(folder, topics.policy, before_ms - _DAY_MS)
            lines.append(f"{gone:,} records were too old")
        if most_rows is not None:
            every = (*_of_users(topics), topics.policy, topics.activities)
            merged = sum(archive_upkeep.merge(folder, topic, most_rows) for topic in every)
            lines.append(f"{merged:,} files fewer")
    return lines


def _of_users(topics: Topics) -> tuple[str, str]:
    return topics.clickstream, topics.decisions


def main(argv: Sequence[str]) -> int:
    """Exit status 0 when done, 1 with the reason otherwise."""
    arguments = parse("archive", argv)
    try:
        target = read_target(arguments)
        if arguments.without is not None:
            print(f"{arguments.to}: {forget(target.topics, arguments.to, arguments.without):,} records are gone")
            return 0
        done = archive(target, arguments.to, arguments.rows, policy=arguments.policy)
        print(f"{arguments.to}: {done:,} records more")
        days = arguments.keep_days
        before_ms = None if days is None else int(time.time() * 1000 - days * _DAY_MS)
        merging = arguments.rows if arguments.merge else None
        for line in tidy(target.topics, arguments.to, merging, before_ms):
            print(f"{arguments.to}: {line}")
    except (ConfigError, OSError, StackError, Unavailable) as error:
        return failed("archive", error)
    return 0


def _say(line: str) -> None:
    print(f"archive: {line}", file=sys.stderr, flush=True)
