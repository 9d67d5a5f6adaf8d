"""Keeps what topics hold as Parquet files: `tideline archive --help`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from tideline.schemas.errors import ConfigError, Unavailable
from tideline.scripts.archive import archive_files
from tideline.scripts.commands.exits import failed
from tideline.scripts.commands.target import read_target
from tideline.scripts.localstack import StackError
from tideline.scripts.parsers.verbs import parse
from tideline.udfs.io.topic_reader import opened

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tideline.scripts.commands.target import Target
    from tideline.udfs.core.policies.policy_start import Log, TopicRecord


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
        for topic in (names.clickstream, names.decisions, *((names.policy, names.activities) if policy else ())):
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


def _forget(target: Target, folder: Path, user: str) -> int:
    with archive_files.locked(folder):
        topics = target.topics.clickstream, target.topics.decisions
        return sum(archive_files.forget(folder, topic, user.encode()) for topic in topics)


def main(argv: Sequence[str]) -> int:
    """Exit status 0 when done, 1 with the reason otherwise."""
    arguments = parse("archive", argv)
    try:
        target = read_target(arguments)
        if arguments.without is not None:
            print(f"{arguments.to}: {_forget(target, arguments.to, arguments.without):,} records are gone")
        else:
            done = archive(target, arguments.to, arguments.rows, policy=arguments.policy)
            print(f"{arguments.to}: {done:,} records more")
    except (ConfigError, OSError, StackError, Unavailable) as error:
        return failed("archive", error)
    return 0


def _say(line: str) -> None:
    print(f"archive: {line}", file=sys.stderr, flush=True)
