"""Records gathered into batches, by the operator as Flink compiles it, on a mini-cluster."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from tideline.jobs import gather
from tideline.jobs.gather import RECORD_TYPE, gathered
from tideline.jobs.shards import MAX_PARALLELISM, key_group, shard_keys
from tideline.udfs.operators.batch_rows import EVENTS, ORDER, PROFILES, Batch, read_batch
from tideline.udfs.settings.job_config import JobConfig

pytestmark = [pytest.mark.flink, pytest.mark.slow]

_PARALLELISM = 2
_ORDER_AT = 1_200
_COUNT = 2_000
_MOST = 90


def subtask(shard: int) -> int:
    """Where Flink puts a key."""
    return key_group(shard) * _PARALLELISM // MAX_PARALLELISM


def written(shards: list[int]) -> list[tuple[int, int, bytes, bytes, int, int, int]]:
    """Return records of random sizes, a third of them profiles, and one order to every shard."""
    rng = random.Random(3)
    records = [
        (rng.choice(shards), rng.choice([EVENTS, EVENTS, PROFILES]), rng.randbytes(rng.randrange(20)),
         rng.randbytes(rng.randrange(300)), rng.randrange(5), number, 2**41 + number)
        for number in range(_COUNT)
    ]  # fmt: skip
    return records[:_ORDER_AT] + [(shard, ORDER, b"o", b"o", 0, 0, 0) for shard in shards] + records[_ORDER_AT:]


@pytest.fixture
def batches(environment: Any, config_of: Callable[..., JobConfig], monkeypatch: pytest.MonkeyPatch) -> list[Batch]:
    """What is handed on of `written`, in the order of each subtask."""
    monkeypatch.setattr(gather, "_MOST_RECORDS", _MOST)
    environment.set_parallelism(_PARALLELISM)
    environment.set_max_parallelism(MAX_PARALLELISM)
    environment.get_config().enable_object_reuse()
    config = config_of("live", "--parallelism", str(_PARALLELISM), "--batch-ms", "20")
    rows = written(shard_keys(config.shards))
    return collected(environment, config, rows)


def collected(environment: Any, config: JobConfig, rows: list[Any]) -> list[Batch]:
    """Return what is handed on of records, in the order of each subtask."""
    from pyflink.datastream import DataStream

    made = gathered(environment.from_collection(rows, RECORD_TYPE), config, "gather")
    with DataStream(getattr(made._origin_stream._j_data_stream, "global")()).execute_and_collect() as found:
        return [read_batch((kind, bytes(byte & 255 for byte in content))) for _, (kind, content) in found]


def test_every_record_goes_on_once_in_its_order_with_those_of_its_subtask(batches: list[Batch]) -> None:
    """Contract: of each kind and shard the same records in the same order, byte for byte, with the last at the end."""
    shards = sorted({shard for batch in batches for shard in batch.shards})
    expected, found = dict[tuple[int, int], list[object]](), dict[tuple[int, int], list[object]]()
    for each in written(shard_keys(8)):
        expected.setdefault(each[:2], []).append(each[2:])
    for batch in batches:
        assert len({subtask(shard) for shard in batch.shards}) == 1
        of_batch = zip(
            batch.records.keys, batch.records.values, batch.partitions, batch.offsets, batch.records.timestamps_ms,
            strict=True,
        )  # fmt: skip
        for shard, record in zip(batch.shards, of_batch, strict=True):
            found.setdefault((shard, batch.kind), []).append(record)
    assert len(shards) == 8
    assert found == expected


def test_a_batch_is_of_many_shards_and_no_larger_than_it_may_be(batches: list[Batch]) -> None:
    """Contract: that is what it is for; and no record waits for more than those before it."""
    sizes = [len(batch.shards) for batch in batches if batch.kind == EVENTS]
    assert 1 < max(sizes) <= _MOST
    assert max(len(set(batch.shards)) for batch in batches) == 8 // _PARALLELISM


def test_an_order_goes_alone_behind_what_came_before_it(batches: list[Batch]) -> None:
    """Contract: it is obeyed for the users whom the records before it made known, and one shard at a time."""
    waiting = dict.fromkeys(shard_keys(8), _ORDER_AT)
    for batch in batches:
        if batch.kind == ORDER:
            (shard,) = batch.shards
            assert waiting.pop(shard)
        else:
            for shard, offset in zip(batch.shards, batch.offsets, strict=True):
                assert (offset < _ORDER_AT) == (shard in waiting)
    assert not waiting


def test_a_pace_lets_through_so_many_records_a_second_and_all_of_them(
    environment: Any, config_of: Callable[..., JobConfig]
) -> None:
    """Contract: no more in any second than was asked for, shared out over the subtasks; none is lost, none twice."""
    environment.set_parallelism(_PARALLELISM)
    environment.set_max_parallelism(MAX_PARALLELISM)
    config = config_of("replay", "--parallelism", str(_PARALLELISM), "--records-per-s", "400", "--batch-ms", "20")
    shards = shard_keys(config.shards)
    rows = [(shards[number % len(shards)], EVENTS, b"u", b"v", 0, number, 2**41) for number in range(1_000)]
    began_s = time.monotonic()
    batches = collected(environment, config, rows)
    took_s = time.monotonic() - began_s
    assert sorted(offset for batch in batches for offset in batch.offsets) == list(range(1_000))
    by_subtask = Counter(subtask(shard) for batch in batches for shard in batch.shards)
    assert took_s >= 0.95 * max(by_subtask.values()) / (400 / _PARALLELISM)
    assert max(len(batch.shards) for batch in batches) <= 40
