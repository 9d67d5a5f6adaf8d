"""The clickstream of an archive in batches, against an archive on the disk."""

from __future__ import annotations

from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from tideline.schemas.errors import ConfigError
from tideline.udfs.core.policies.policy_start import TopicRecord
from tideline.udfs.io.archive_files import write_range
from tideline.udfs.operators import stop
from tideline.udfs.operators.batch_rows import EVENTS, read_batch
from tideline.udfs.operators.past import read_archive
from tideline.udfs.operators.past.read_archive import Part, Parts, ReadArchive, shard_of
from tideline.udfs.settings.job_config import ReplayConfig

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tideline.udfs.operators.batch_rows import Batch

_KEYS, _SUBTASKS = [11, 22, 33, 44], [0, 0, 1, 1]
_PARTITIONS, _RECORDS = 3, 1_000


@pytest.fixture(autouse=True)
def _no_flink(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read_archive, "speak_as", lambda *_: None)


def _archive(folder: Path) -> dict[int, list[TopicRecord]]:
    """Write files of odd sizes, with offsets that hold no record; return what is in them by partition."""
    draw, found = Random(3), dict[int, list[TopicRecord]]()
    for partition in range(_PARTITIONS):
        offsets = [at for at in range(5, _RECORDS) if draw.random() < 0.9]
        every = [
            TopicRecord(
                at, None if at % 50 == 0 else b"u%d" % (at % 70), None if at % 33 == 0 else b"v" * (at % 90), at
            )
            for at in offsets
        ]
        found[partition], start = every, 5
        for stop_at in (*sorted(draw.sample(range(20, _RECORDS), 4)), _RECORDS):
            write_range(
                folder, "clicks", (partition, start, stop_at), [r for r in every if start <= r.offset < stop_at]
            )
            start = stop_at
    return found


def _reader(folder: Path, parts: Parts) -> ReadArchive:
    config = ReplayConfig(
        name="r", bootstrap="b:1", redis_url="redis://h", encoder=Path(), token_keys={1: b"k" * 32}, archive=folder,
        from_offsets={0: 0}, to_offsets={0: 1},
    )  # fmt: skip
    topics = SimpleNamespace(clickstream="clicks")
    opened = SimpleNamespace(opened=lambda: SimpleNamespace(archive=config.archive, topics=topics))
    found = ReadArchive(cast("Any", opened), parts, _KEYS, _SUBTASKS)
    found.open(cast("Any", None))
    return found


def _batches(reader: ReadArchive, numbers: Iterable[int]) -> list[Batch]:
    found = []
    for number in numbers:
        for row in reader.flat_map(number):
            batch = read_batch(row[1])
            assert batch.kind == EVENTS
            assert row[0] == batch.shards[0]
            assert len({_SUBTASKS[_KEYS.index(shard)] for shard in batch.shards}) == 1
            found.append(batch)
    return found


def _told(batches: Iterable[Batch]) -> dict[int, list[TopicRecord]]:
    """Return the records by partition, in the order of each user's."""
    found: dict[int, list[TopicRecord]] = {}
    for batch in batches:
        for at, partition in enumerate(batch.partitions):
            keys, values, times = batch.records
            record = TopicRecord(batch.offsets[at], keys[at], values[at], times[at])
            mine = found.setdefault(partition, [])
            assert all(each.offset < record.offset for each in mine if each.key == record.key)
            assert batch.shards[at] == shard_of(keys[at], _KEYS)
            mine.append(record)
    return {partition: sorted(each) for partition, each in found.items()}


def test_a_range_comes_whole_in_batches_of_one_subtasks_shards(tmp_path: Path) -> None:
    """Contract: each record once, as it was, nulls too, each user's in their order, whatever files there are."""
    every = _archive(tmp_path)
    starts, stops = {0: 5, 1: 100, 2: 400}, {0: _RECORDS, 1: 101, 2: 777}
    parts = Parts(starts, stops, 64)
    told = _told(_batches(_reader(tmp_path, parts), range(len(parts))))
    wanted = {at: [r for r in every[at] if starts[at] <= r.offset < stops[at]] for at in every}
    assert told == {at: records for at, records in wanted.items() if records}


def test_a_restart_goes_on_with_any_part(tmp_path: Path) -> None:
    """Contract: the batches of the parts that are left are those of an undisturbed run."""
    _archive(tmp_path)
    parts = Parts(dict.fromkeys(range(_PARTITIONS), 5), dict.fromkeys(range(_PARTITIONS), _RECORDS), 37)
    whole = [_batches(_reader(tmp_path, parts), [number]) for number in range(len(parts))]
    for begun in (0, 1, len(parts) // 2, len(parts) - 1):
        reader = _reader(tmp_path, parts)
        assert [_batches(reader, [number]) for number in range(begun, len(parts))] == whole[begun:]


def test_parts_are_of_all_partitions_in_turn() -> None:
    """Contract: none is far ahead in time, each offset is in one part, an empty range has none."""
    parts = Parts({0: 0, 1: 10, 2: 3}, {0: 25, 1: 12, 2: 3}, 10)
    assert [parts[number] for number in range(len(parts))] == [
        Part(0, 0, 10),
        Part(1, 10, 12),
        Part(0, 10, 20),
        Part(0, 20, 25),
    ]
    assert len(Parts({}, {}, 5)) == 0


def test_a_batch_is_of_a_megabyte_or_one_record(tmp_path: Path) -> None:
    records = [TopicRecord(at, b"u", b"v" * 400_000, at) for at in range(7)]
    write_range(tmp_path, "clicks", (0, 0, 7), records)
    sizes = [len(each.offsets) for each in _batches(_reader(tmp_path, Parts({0: 0}, {0: 7}, 100)), [0])]
    assert sizes == [3, 3, 1]


def test_what_the_archive_lost_since_ends_the_replay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Contract: for good, with the offsets: a restart would find the same, and to pass over them would lose them."""
    told: list[str] = []
    monkeypatch.setattr(stop, "fail_job", lambda _, message: told.append(message))
    write_range(tmp_path, "clicks", (0, 0, 3), [TopicRecord(1, b"u", b"v", 1)])
    write_range(tmp_path, "clicks", (0, 5, 9), [TopicRecord(6, b"u", b"v", 1)])
    for parts, lacks in (
        (Parts({0: 0}, {0: 9}, 9), r"\(3, 5\) of partition 0"),
        (Parts({1: 0}, {1: 2}, 9), r"\(0, 2\)"),
    ):
        with pytest.raises(ConfigError, match=lacks):
            list(_reader(tmp_path, parts).flat_map(0))
    assert len(told) == 2
