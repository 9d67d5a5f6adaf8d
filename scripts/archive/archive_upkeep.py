"""Keeps an archive in order: small files become one, what is older than it has to be goes, and so do users."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from tideline.udfs.io.archive_files import commit, files_of, latest_ms, opened, whole

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tideline.udfs.io.archive_files import ArchivedFile

MOST_BYTES = 64 << 20
"""Of files that become one, as they are on the disk."""


def merge(folder: Path, topic: str, most_rows: int) -> int:
    """Make one of files of a day whose offsets follow one another, up to so many rows; return how many files went.

    The new file is there, whole, before the others go. Who is killed in between leaves files whose offsets another one
    has too: readers pass over those, and the next writer deletes them.

    Raises:
        ConfigError: a file is none of ours, or damaged.
        OSError: one cannot be written; all are as they were then.
    """
    gone = 0
    for group in list(_groups(files_of(folder, topic), most_rows)):
        first, last = group[0], group[-1]
        tables = [whole(each.path) for each in group]
        name = f"p{first.partition:05}-{first.start:020}-{last.stop:020}.parquet"
        commit(pa.concat_tables(tables), first.path.with_name(name))
        for each in group:
            each.path.unlink()
        gone += len(group) - 1
    return gone


def _groups(files: Sequence[ArchivedFile], most_rows: int) -> Iterator[list[ArchivedFile]]:
    group: list[ArchivedFile] = []
    rows = size = 0
    for each in files:
        its_rows, its_size = opened(each.path).metadata.num_rows, each.path.stat().st_size
        follows = bool(group) and each.path.parent == group[-1].path.parent and each.start == group[-1].stop
        follows = follows and each.partition == group[-1].partition
        if not follows or rows + its_rows > most_rows or size + its_size > MOST_BYTES:
            if len(group) > 1:
                yield group
            group, rows, size = [], 0, 0
        group.append(each)
        rows, size = rows + its_rows, size + its_size
    if len(group) > 1:
        yield group


def expire(folder: Path, topic: str, before_ms: int) -> int:
    """Delete files that have only records from before a moment, by Kafka's time; return how many records went.

    The newest file of each partition stays: it says where to go on.

    Raises:
        ConfigError: a file is none of ours.
    """
    files = files_of(folder, topic)
    newest = {each.partition: each for each in files}
    gone = 0
    for each in files:
        if each is not newest[each.partition] and latest_ms(each) < before_ms:
            gone += opened(each.path).metadata.num_rows
            each.path.unlink()
    for day in {each.path.parent for each in files}:
        if not any(day.iterdir()):
            day.rmdir()
    return gone


def forget(folder: Path, topic: str, key: bytes) -> int:
    """Write the files that have records with a key anew without them, under the same names; return how many went.

    Raises:
        ConfigError: a file is none of ours, or damaged.
        OSError: one cannot be written; it is as it was then.
    """
    gone = 0
    for each in files_of(folder, topic):
        if not pc.any(pc.equal(whole(each.path, ["key"])["key"], key)).as_py():
            continue
        table = whole(each.path)
        kept = table.filter(pc.fill_null(pc.not_equal(table["key"], key), True))
        gone += table.num_rows - kept.num_rows
        commit(kept, each.path)
    return gone
