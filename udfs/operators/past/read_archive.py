"""The clickstream of an archive, in the batches that the ranker takes: what the Kafka source and GatherByShard do.

A replay may do so because its users begin with it: which shard a user is in is its own affair, as long as it stays so.
"""

from __future__ import annotations

import time
import zlib
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyflink.common import Row
from pyflink.datastream.functions import FlatMapFunction, RuntimeContext

from tideline.schemas.errors import ConfigError
from tideline.udfs.io.archive_files import logs_of
from tideline.udfs.io.job_log import speak_as
from tideline.udfs.operators.batch_rows import EVENTS, packed
from tideline.udfs.operators.metrics import ReachedOffsets
from tideline.udfs.operators.stop import failing_for_good
from tideline.udfs.operators.subtask import subtask_number

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from tideline.udfs.io.archive_files import ArchivedLog
    from tideline.udfs.settings.job_config import ReplayConfig
    from tideline.udfs.settings.worker_config import WorkerConfig

_BATCH_BYTES = 1 << 20
_ANY_NUMBER = 1 << 62
_NUMBER_BITS = 40
"""Of a number the lower bits say which part, those above how many lanes there are beside the first."""


class Part(NamedTuple):
    """Some offsets of a partition, the last one excluded."""

    partition: int
    start: int
    stop: int


class Parts:
    """A range in parts by number, in lanes that may be read side by side.

    A partition is in one lane, in its order; a lane has all of its partitions in turn. A number says how many lanes
    the range is cut into, so what a checkpoint says of parts that are done holds for any number of subtasks.
    """

    def __init__(self, starts: Mapping[int, int], stops: Mapping[int, int], size: int) -> None:
        """Cut what is from `starts` on and before `stops` by partition into parts of at most `size` offsets."""
        self._starts, self._stops, self._size = starts, stops, size
        self.partitions = [each for each in sorted(starts) if starts[each] < stops[each]]
        self._in_lanes: dict[int, list[list[Part]]] = {}

    def numbers(self, lanes: int) -> tuple[int, int]:
        """Return the first and the last number of a range in so many lanes, each of as many numbers, one by one."""
        first = (lanes - 1) << _NUMBER_BITS
        return first, first + lanes * self._longest(lanes) - 1

    def part(self, number: int) -> Part | None:
        """Return the part of a number; None where its lane has no more."""
        lanes, at = (number >> _NUMBER_BITS) + 1, number & ((1 << _NUMBER_BITS) - 1)
        lane, at = divmod(at, self._longest(lanes))
        parts = self._cut(lanes)[lane]
        return parts[at] if at < len(parts) else None

    def _longest(self, lanes: int) -> int:
        return max(map(len, self._cut(lanes)))

    def _cut(self, lanes: int) -> list[list[Part]]:
        if lanes not in self._in_lanes:
            self._in_lanes[lanes] = [self._lane(self.partitions[lane::lanes]) for lane in range(lanes)]
        return self._in_lanes[lanes]

    def _lane(self, partitions: Sequence[int]) -> list[Part]:
        starts, stops, size = self._starts, self._stops, self._size
        turns = max((-(-(stops[each] - starts[each]) // size) for each in partitions), default=0)
        return [
            Part(partition, at, min(at + size, stops[partition]))
            for turn in range(turns)
            for partition in partitions
            if (at := starts[partition] + turn * size) < stops[partition]
        ]


def shards_of(records: pa.RecordBatch, count: int) -> NDArray[np.int64]:
    """Return the number of each record's shard, of so many."""
    users = records["key"].fill_null(b"").dictionary_encode()
    numbers = np.array([zlib.crc32(key) % count for key in users.dictionary.to_pylist()], np.int64)
    found: NDArray[np.int64] = numbers[users.indices.to_numpy()]
    return found


class _Reading:
    """A partition that is read on from where it was left, so that no file is opened once a part."""

    def __init__(self, log: ArchivedLog, start: int) -> None:
        self.reached, self._batches = start, log.batches(start, log.end)
        self._next: pa.RecordBatch | None = None

    def up_to(self, stop: int) -> Iterator[pa.RecordBatch]:
        """Yield what has an offset below `stop`."""
        self.reached = stop
        while (batch := self._next or next(self._batches, None)) is not None:
            count = int(np.searchsorted(batch["offset"].to_numpy(), stop))
            self._next = batch.slice(count) if count < batch.num_rows else None
            if count:
                yield batch.slice(0, count)
            if self._next is not None:
                return


class ReadArchive(FlatMapFunction):
    """From the number of a part to its records: a row (shard key, (EVENTS, packed)) for each subtask of the ranker."""

    def __init__(
        self,
        submitted: WorkerConfig[ReplayConfig],
        parts: Parts,
        keys: Sequence[int],
        subtasks: Sequence[int],
        per_s: int | None = None,
    ) -> None:
        """`keys` are the keys of all shards, `subtasks` where each of them is worked off.

        With `per_s` it reads so many records a second at most, a tenth of them at a time.
        """
        self._submitted, self._parts, self._per_s = submitted, parts, per_s
        self._most = _ANY_NUMBER if per_s is None else max(per_s // 10, 1)
        self._keys, self._subtasks = np.array(keys, np.int64), np.array(subtasks, np.int64)

    def open(self, context: RuntimeContext) -> None:
        """Look for the archive, which is to be there on every worker."""
        speak_as("read_archive", subtask_number(context))
        self._context = context
        config = self._submitted.opened()
        self._folder, self._topic = config.archive, config.topics.clickstream
        self._readings: dict[int, _Reading] = {}
        self._reached = ReachedOffsets(context, self._topic)

    def flat_map(self, number: int) -> Iterator[Row]:
        """Read a part."""
        part = self._parts.part(number)
        if part is None:
            return
        reading = self._readings.get(part.partition)
        if reading is None or reading.reached != part.start:
            reading = self._readings[part.partition] = _Reading(self._log(part), part.start)
        for records in reading.up_to(part.stop):
            shards = shards_of(records, self._keys.size)
            subtasks = self._subtasks[shards]
            for subtask in np.unique(subtasks).tolist():
                mine = subtasks == subtask
                of_subtask = records.filter(pa.array(mine))
                for count, row in _rows(part.partition, of_subtask, self._keys[shards[mine]], self._most):
                    if self._per_s is not None:
                        time.sleep(count / self._per_s)
                    yield row
        self._reached.show(part.partition, part.stop)

    def _log(self, part: Part) -> ArchivedLog:
        """Return a partition of the archive as it is now; end the job for good where a part of the range is missing."""
        with failing_for_good(self._context):
            if self._folder is None:
                raise ConfigError("archive", None, "a folder")
            found = {log.number: log for log in logs_of(self._folder, self._topic)}.get(part.partition)
            gap = (part.start, part.stop) if found is None else found.gap(part.start, part.stop)
            if found is None or gap is not None:
                told = f"an archive of {self._topic} that has offsets {gap} of partition {part.partition}"
                raise ConfigError("archive", str(self._folder), told)
            return found


def _rows(
    partition: int, records: pa.RecordBatch, shards: NDArray[np.int64], most: int = _ANY_NUMBER
) -> Iterator[tuple[int, Row]]:
    """Yield how many records and their row: a megabyte, or with the record that makes it more, or `most` records."""
    sizes = [pc.fill_null(pc.binary_length(records[name]), 0).to_numpy() for name in ("key", "value")]
    ends, start = np.cumsum(sum(sizes, np.zeros(1, np.int64))), 0
    while start < shards.size:
        before = int(ends[start - 1]) if start else 0
        stop = min(int(np.searchsorted(ends, before + _BATCH_BYTES)) + 1, shards.size, start + most)
        of = shards[start:stop]
        yield stop - start, Row(int(of[0]), Row(EVENTS, packed(records.slice(start, stop - start), of, partition)))
        start = stop
