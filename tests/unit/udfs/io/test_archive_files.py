"""The archive holds each offset once, whole files alone, and gives back what it was given."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest
from pyarrow import dataset, parquet

from tests.support.doc_pages import ROOT
from tideline.schemas.errors import ConfigError
from tideline.udfs.core.policies.policy_start import TopicRecord
from tideline.udfs.io.archive_files import (
    archived_to,
    files_of,
    locked,
    logs_of,
    read,
    with_archived,
    write_range,
)

if TYPE_CHECKING:
    from pathlib import Path

NOON_MS = 1_795_694_400_000
"""Of 26 November 2026."""
_WRITER = """
import sys
from pathlib import Path
from tideline.udfs.io.archive_files import archived_to, locked, write_range
from tideline.udfs.core.policies.policy_start import TopicRecord
folder = Path(sys.argv[1])
with locked(folder):
    start = archived_to(folder, "t").get(0, 0)
    while start < 200_000:
        records = [TopicRecord(at, b"u", b"%d" % at, 0) for at in range(start, start + 500)]
        write_range(folder, "t", (0, start, start + 500), records)
        start += 500
        print(start, flush=True)
"""


def _records(start: int, stop: int, at_ms: int = NOON_MS) -> list[TopicRecord]:
    return [TopicRecord(at, b"u%d" % (at % 3), b"v%d" % at, at_ms + at) for at in range(start, stop)]


def test_what_was_written_is_read_in_order_of_partition_and_offset(tmp_path: Path) -> None:
    """Contract: byte for byte, nothing for none, whatever the order of writing, days that no calendar has included."""
    bare = [TopicRecord(7, None, None, -1), TopicRecord(9, b"", b"\xff\0", 2**62)]
    write_range(tmp_path, "t", (1, 7, 12), bare)
    write_range(tmp_path, "t", (0, 5, 10), _records(5, 10, 2**62))
    write_range(tmp_path, "t", (0, 0, 5), _records(0, 5))
    assert list(read(tmp_path, "t")) == [*_records(0, 5), *_records(5, 10, 2**62), *bare]
    assert archived_to(tmp_path, "t") == {0: 10, 1: 12}


def test_anybody_reads_it_with_days_as_a_column(tmp_path: Path) -> None:
    """Contract: a dataset in hive's layout, as pyarrow, DuckDB, Polars and pandas open it."""
    write_range(tmp_path, "t", (0, 0, 5), _records(0, 5))
    write_range(tmp_path, "t", (0, 5, 10), _records(5, 10, NOON_MS + 86_400_000))
    found = dataset.dataset(tmp_path, partitioning="hive", exclude_invalid_files=False)
    days = found.to_table(filter=dataset.field("date") == "2026-11-27").to_pydict()
    assert (days["offset"], set(days["topic"])) == ([5, 6, 7, 8, 9], {"t"})


def test_an_offset_in_two_files_is_refused(tmp_path: Path) -> None:
    write_range(tmp_path, "t", (0, 0, 5), _records(0, 5))
    write_range(tmp_path, "t", (0, 4, 8), _records(4, 8))
    write_range(tmp_path, "t", (1, 4, 8), _records(4, 8))
    with pytest.raises(ConfigError, match="offsets that are not also in"):
        files_of(tmp_path, "t")


def test_what_is_not_ours_is_refused_by_its_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="a folder with topic=t"):
        list(read(tmp_path, "t"))
    path = write_range(tmp_path, "t", (0, 0, 5), _records(0, 5))
    parquet.write_table(pa.table({"a": [1]}), path)
    with pytest.raises(ConfigError, match="layout 1"):
        list(read(tmp_path, "t"))
    path.write_bytes(b"PAR1")
    with pytest.raises(ConfigError, match="a Parquet file"):
        list(read(tmp_path, "t"))


def test_one_process_writes_at_a_time(tmp_path: Path) -> None:
    with locked(tmp_path), pytest.raises(ConfigError, match="no other process"), locked(tmp_path):
        pass


def test_a_writer_killed_at_any_moment_loses_and_repeats_nothing(tmp_path: Path) -> None:
    """Contract: after each of ten SIGKILLs every visible file is whole; in the end each offset is there once."""
    dice = random.Random(2)
    for _ in range(10):
        process = subprocess.Popen([sys.executable, "-c", _WRITER, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE)
        assert process.stdout is not None
        assert process.stdout.readline()
        time.sleep(dice.random() / 20)  # the moment is what is drawn, nothing is waited for
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        assert sum(parquet.read_metadata(each.path).num_rows for each in files_of(tmp_path, "t")) % 500 == 0
    written = archived_to(tmp_path, "t")[0]
    assert [(each.offset, each.value) for each in read(tmp_path, "t")] == [(at, b"%d" % at) for at in range(written)]
    with locked(tmp_path):
        assert not [name for _, _, names in os.walk(tmp_path) for name in names if name.endswith(".tmp")]


def test_a_partition_is_read_as_far_as_it_is_archived(tmp_path: Path) -> None:
    """Contract: any range, times too; offsets that were never archived are told, not passed over."""
    records = [TopicRecord(at, b"k", b"v", 10 * at) for at in range(3, 20)]
    for start, stop in ((3, 9), (9, 10), (14, 20)):
        write_range(tmp_path, "t", (2, start, stop), [each for each in records if start <= each.offset < stop])
    (log,) = logs_of(tmp_path, "t")
    assert (log.number, log.begin, log.end) == (2, 3, 20)
    there = [each for each in records if not 10 <= each.offset < 14]
    for start in range(21):
        for stop in range(start, 21):
            assert list(log.records(start, stop)) == [each for each in there if start <= each.offset < stop]
            lost = [at for at in range(start, stop) if at < 3 or 10 <= at < 14]
            gap = log.gap(start, stop)
            assert (gap is None) == (not lost)
            if gap:
                assert gap[0] == lost[0]
                assert set(range(*gap)) <= set(lost)
        assert log.offset_at(10 * start - 5) == next((each.offset for each in there if each.offset >= start), 20)
    assert logs_of(tmp_path, "nothing") == []


def test_a_topic_is_longer_with_its_archive(tmp_path: Path) -> None:
    """Contract: each record once; without an archive, or one of another topic, it is what Kafka has."""
    records = [TopicRecord(at, b"k", b"v", at) for at in range(8)]
    write_range(tmp_path, "t", (0, 0, 5), records[:5])
    assert list(with_archived(tmp_path, "t", records[3:])) == records
    assert list(with_archived(tmp_path, "other", records[3:])) == records[3:]
    assert list(with_archived(None, "t", records[3:])) == records[3:]
