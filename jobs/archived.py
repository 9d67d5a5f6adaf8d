"""The clickstream of an archive as batches by shard, in the place of Kafka's (inputs.py)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyflink.common import Types, WatermarkStrategy
from pyflink.datastream import KeyedStream
from pyflink.datastream.connectors.number_seq import NumberSequenceSource
from pyflink.java_gateway import get_gateway

from tideline.jobs.gather import BATCH_TYPE, paced
from tideline.jobs.shards import MAX_PARALLELISM, key_group, shard_keys
from tideline.udfs.operators.past.read_archive import Parts, ReadArchive

if TYPE_CHECKING:
    from pyflink.datastream import StreamExecutionEnvironment

    from tideline.udfs.settings.job_config import ReplayConfig
    from tideline.udfs.settings.worker_config import WorkerConfig

_PART_OFFSETS = 4_000
"""A checkpoint says which parts are done by their numbers: the same for any number of subtasks, and for ever."""


def archived(env: StreamExecutionEnvironment, config: ReplayConfig, workers: WorkerConfig[ReplayConfig]) -> KeyedStream:
    """Return the records of a range in batches, keyed by one of their shards.

    Each task of the ranker has one that reads, as far as there are partitions: a partition is read by one of them, in
    its order. Behind a failure they go on with the parts behind the checkpoint: Flink's own source of numbers knows
    which.
    """
    keys = shard_keys(config.shards)
    subtasks = [key_group(key) * config.parallelism // MAX_PARALLELISM for key in keys]
    parts = Parts(config.from_offsets or {}, config.to_offsets or {}, _PART_OFFSETS)
    lanes = max(min(config.parallelism, len(parts.partitions)), 1)
    # The source deals its numbers out in as many runs, all of the same length: a run is a lane.
    numbers = env.from_source(
        NumberSequenceSource(*parts.numbers(lanes)), WatermarkStrategy.no_watermarks(), "parts", Types.LONG()
    )
    element = Types.ROW([Types.INT(), BATCH_TYPE])
    rows = (
        numbers.uid("parts")
        .set_parallelism(lanes)
        .flat_map(ReadArchive(workers, parts, keys, subtasks, paced(config, lanes)), element)
    )
    rows = rows.name("archive").uid("archive").set_parallelism(lanes)
    java = get_gateway().jvm
    keyed = rows._j_data_stream.keyBy(java.KeyByKeySelector(), Types.ROW([Types.INT()]).get_java_type_info())  # noqa: SLF001
    return KeyedStream(keyed, BATCH_TYPE, rows)
