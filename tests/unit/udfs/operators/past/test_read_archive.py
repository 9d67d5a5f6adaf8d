"""The clickstream of an archive in batches, against an archive on the disk."""

from __future__ import annotations

import time
import zlib
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from tests.support.flink_states import MemoryContext
from tideline.schemas.errors import ConfigError
from tideline.scripts.localstack.rest import offset_metrics
from tideline.udfs.core.policies.policy_start import TopicRecord
from tideline.udfs.io.archive_files import write_range
from tideline.udfs.operators import stop
from tideline.udfs.operators.batch_rows import EVENTS, read_batch
from tideline.udfs.operators.past import read_archive
from tideline.udfs.operators.past.read_archive import Part, Parts, ReadArchive
from tideline.udfs.settings.job_config import ReplayConfig

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tideline.udfs.operators.batch_rows import Batch

_KEYS, _SUBTASKS = [33, 11, 44, 22], [1, 0, 1, 0]
_PARTITIONS, _RECORDS = 3, 1_000


@pytest.fixture(autouse=True)
def _no_flink(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read_archive, "speak_as", lambda *_: None)
    monkeypatch.setattr(read_archive, "subtask_number", lambda _: 0)


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


def _reader(folder: Path, parts: Parts, context: MemoryContext | None = None, per_s: int | None = None) -> ReadArchive:
    config = ReplayConfig(
        name="r", bootstrap="b:1", redis_url="redis://h", encoder=Path(), token_keys={1: b"k" * 32}, archive=folder,
        from_offsets={0: 0}, to_offsets={0: 1},
    )  # fmt: skip
    topics = SimpleNamespace(clickstream="clicks")
    opened = SimpleNamespace(opened=lambda: SimpleNamespace(archive=config.archive, topics=topics))
    found = ReadArchive(cast("Any", opened), parts, _KEYS, _SUBTASKS, per_s)
    found.open(cast("Any", context or MemoryContext()))
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
            assert batch.shards[at] == _KEYS[zlib.crc32(keys[at] or b"") % len(_KEYS)]
            mine.append(record)
    return {partition: sorted(each) for partition, each in found.items()}


def test_a_range_comes_whole_in_batches_of_one_subtasks_shards(tmp_path: Path) -> None:
    """Contract: each record once, as it was, nulls too, each user's in their order, whatever files there are."""
    every = _archive(tmp_path)
    starts, stops = {0: 5, 1: 100, 2: 400}, {0: _RECORDS, 1: 101, 2: 777}
    parts = Parts(starts, stops, 64)
    for lanes in (1, 2, 3):
        first, last = parts.numbers(lanes)
        runs = [range(at, at + (last + 1 - first) // lanes) for at in range(first, last, (last + 1 - first) // lanes)]
        assert len(runs) == lanes
        told = _told([batch for run in runs for batch in _batches(_reader(tmp_path, parts), run)])
        wanted = {at: [r for r in every[at] if starts[at] <= r.offset < stops[at]] for at in every}
        assert told == {at: records for at, records in wanted.items() if records}


def test_a_restart_goes_on_with_any_part(tmp_path: Path) -> None:
    """Contract: the batches of the parts that are left are those of an undisturbed run."""
    _archive(tmp_path)
    parts = Parts(dict.fromkeys(range(_PARTITIONS), 5), dict.fromkeys(range(_PARTITIONS), _RECORDS), 37)
    for lanes in (1, 2):
        first, last = parts.numbers(lanes)
        whole = [_batches(_reader(tmp_path, parts), [number]) for number in range(first, last + 1)]
        for begun in (0, 1, len(whole) // 2, len(whole) - 1):
            reader = _reader(tmp_path, parts)
            assert [_batches(reader, [number]) for number in range(first + begun, last + 1)] == whole[begun:]


def test_parts_are_of_all_partitions_in_turn() -> None:
    """Contract: none is far ahead in time, each offset is in one part, an empty range has none."""
    parts = Parts({0: 0, 1: 10, 2: 3}, {0: 25, 1: 12, 2: 3}, 10)
    assert parts.numbers(1) == (0, 3)
    assert [parts.part(number) for number in range(4)] == [
        Part(0, 0, 10),
        Part(1, 10, 12),
        Part(0, 10, 20),
        Part(0, 20, 25),
    ]
    first, last = Parts({}, {}, 5).numbers(1)
    assert first > last


@pytest.mark.parametrize("partitions", [1, 2, 4, 5, 12])
@pytest.mark.parametrize("lanes", [1, 2, 3, 7])
def test_a_partition_is_in_one_lane_and_lanes_are_equally_long(partitions: int, lanes: int) -> None:
    """Contract: whoever deals the numbers out in as many equal runs has each partition in one of them, in its order;
    numbers of one count of lanes are none of another."""
    draw = Random(partitions)
    starts = {each: draw.randrange(100) for each in range(partitions)}
    stops = {each: start + draw.randrange(1, 300) for each, start in starts.items()}
    parts = Parts(starts, stops, 16)
    first, last = parts.numbers(lanes)
    length = (last + 1 - first) // lanes
    assert length * lanes == last + 1 - first
    seen: dict[int, int] = {}
    for lane in range(lanes):
        run = [parts.part(number) for number in range(first + lane * length, first + (lane + 1) * length)]
        there = [each for each in run if each is not None]
        assert run[: len(there)] == there
        assert not {each.partition for each in there} & seen.keys()
        for each in there:
            assert each.start == seen.get(each.partition, starts[each.partition]) < each.stop
            seen[each.partition] = each.stop
    assert seen == stops
    assert last < parts.numbers(lanes + 1)[0]


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


def test_how_far_it_has_read_is_told_as_kafkas_source_does(tmp_path: Path) -> None:
    """Contract: by partition the last offset that is done, under a name by which progress is asked for."""
    _archive(tmp_path)
    parts, context = Parts({0: 5, 1: 100}, {0: 300, 1: 130}, 64), MemoryContext()
    reader = _reader(tmp_path, parts, context)
    names = {f"topic.clicks.partition.{number}.currentOffset": number for number in (0, 1)}
    assert offset_metrics([f"0.archive.{name}" for name in names], "clicks") == {
        f"0.archive.{name}": number for name, number in names.items()
    }
    told = []
    for number in range(parts.numbers(1)[1] + 1):
        list(reader.flat_map(number))
        told.append([context.counts[name] for name in names])
    assert told == [[68, 0], [68, 129], [132, 129], [196, 129], [260, 129], [299, 129]]


def test_at_a_pace_it_waits_as_long_as_its_records_are_due(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Contract: the same records, a tenth of a second of them at a time; without a pace it waits for nothing."""
    every, slept = _archive(tmp_path), list[float]()
    monkeypatch.setattr(time, "sleep", slept.append)
    parts = Parts({0: 5}, {0: _RECORDS}, 400)
    first, last = parts.numbers(1)
    plain = _batches(_reader(tmp_path, parts), range(first, last + 1))
    assert not slept
    paced = _batches(_reader(tmp_path, parts, per_s=200), range(first, last + 1))
    assert _told(paced) == _told(plain) == {0: every[0]}
    assert max(len(batch.shards) for batch in paced) == 20
    assert sum(slept) == pytest.approx(len(every[0]) / 200)
    assert max(slept) <= 0.1
