"""The operator that gathers records into batches; in Java, since it sees each record."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pyflink.common import Types
from pyflink.datastream import DataStream, KeyedStream
from pyflink.java_gateway import get_gateway

from tideline.udfs.operators.batch_rows import KINDS
from tideline.udfs.settings.job_config import ReplayConfig

if TYPE_CHECKING:
    from tideline.udfs.settings.job_config import JobConfig

BATCH_TYPE = Types.ROW([Types.INT(), Types.PRIMITIVE_ARRAY(Types.BYTE())])
"""(EVENTS, ORDER or PROFILES, packed records): batch_rows.py."""

RECORD_TYPE = Types.ROW(
    [
        Types.INT(),
        Types.INT(),
        Types.PRIMITIVE_ARRAY(Types.BYTE()),
        Types.PRIMITIVE_ARRAY(Types.BYTE()),
        Types.INT(),
        Types.LONG(),
        Types.LONG(),
    ]
)
"""(shard key, EVENTS, ORDER or PROFILES, key, value, partition with null flags, offset, timestamp)."""

_CLASS = "GatherByShard"
_MOST_RECORDS = 2000
_MOST_BYTES = 1 << 20


def paced(config: JobConfig, readers: int) -> int | None:
    """Return how many records a second one of so many readers may take, None where nothing says so."""
    asked = config.records_per_s if isinstance(config, ReplayConfig) else None
    return None if asked is None else max(asked // readers, 1)


def gathered(records: DataStream, config: JobConfig, uid: str) -> KeyedStream:
    """Return RECORD_TYPE rows in batches, each of shards of one subtask and under the key of one of them.

    Whoever works a batch off has the state of all its shards: they go on from where they were gathered.
    """
    java = get_gateway().jvm
    shard_type = Types.ROW([Types.INT()]).get_java_type_info()
    flink = java.org.apache.flink
    code = Path(__file__).with_name(f"{_CLASS}.java").read_text(encoding="utf-8")
    per_s = paced(config, config.parallelism) or 0
    options = get_gateway().new_array(java.Object, 5)
    for at, each in enumerate((config.batch_ms, _MOST_RECORDS, _MOST_BYTES, KINDS, per_s)):
        options[at] = each
    made = flink.table.runtime.generated.GeneratedOperator(_CLASS, code, options, flink.configuration.Configuration())
    by_shard = records._j_data_stream.keyBy(java.KeyByKeySelector(), shard_type)  # noqa: SLF001 - no public way
    output = Types.ROW([Types.INT(), BATCH_TYPE])
    gathering = flink.streaming.api.transformations.OneInputTransformation(
        by_shard.getTransformation(),
        "gather",
        flink.table.runtime.operators.CodeGenOperatorFactory(made),
        output.get_java_type_info(),
        config.parallelism,
    )
    gathering.setUid(uid)
    rows = flink.streaming.api.datastream.DataStream(by_shard.getExecutionEnvironment(), gathering)
    again = flink.streaming.api.datastream.DataStreamUtils.reinterpretAsKeyedStream
    return KeyedStream(again(rows, java.KeyByKeySelector(), shard_type), BATCH_TYPE, DataStream(rows))
