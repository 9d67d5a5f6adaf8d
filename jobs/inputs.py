"""What the job reads: the clickstream in batches, and the broadcast topics.

Batches are made in the JVM (gather.py), so that Python is entered once a batch and never a record.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyflink.common import Types
from pyflink.datastream import DataStream, KeyedStream
from pyflink.java_gateway import get_gateway

from tideline.jobs.gather import RECORD_TYPE, gathered
from tideline.jobs.shards import shard_keys
from tideline.udfs.operators.batch_rows import ACTIVITY, EVENTS, KEY_WAS_NULL, ORDER, PROFILES, VALUE_WAS_NULL
from tideline.udfs.operators.ranker_feed import ACTIVITIES, CONTROL, POLICY
from tideline.udfs.settings.connection.kafka_security import flink_properties
from tideline.udfs.settings.job_config import ReplayConfig

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pyflink.common.typeinfo import TypeInformation
    from pyflink.table import StreamTableEnvironment

    from tideline.udfs.settings.job_config import JobConfig

_BYTES = Types.PRIMITIVE_ARRAY(Types.BYTE())

LEARNER_TYPE = Types.ROW([Types.INT(), Types.OBJECT_ARRAY(_BYTES)])
"""(EVENTS, ORDER or ACTIVITY, the feedback of the batches of a publish interval, one order, or key and value of an
activity, the key alone where it was deleted)."""

BROADCAST_TYPE = Types.ROW([Types.STRING(), Types.LONG(), _BYTES, _BYTES, Types.LONG()])
"""(role of the topic, offset, key, value, timestamp)."""

_COLUMNS = """
    k BYTES, v BYTES,
    part INT METADATA FROM 'partition' VIRTUAL,
    off BIGINT METADATA FROM 'offset' VIRTUAL,
    ts TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL"""
_TIMESTAMP_MS = "EXTRACT(EPOCH FROM ts) * 1000 + EXTRACT(MILLISECOND FROM ts)"
_EARLIEST = {"scan.startup.mode": "earliest-offset"}
# Rankers read the policy by themselves at their start: without state a job goes on where the former one was.
_SCAN = {
    ACTIVITIES: _EARLIEST,
    CONTROL: _EARLIEST,
    POLICY: {"scan.startup.mode": "group-offsets", "properties.auto.offset.reset": "earliest"},
}


def batches(tables: StreamTableEnvironment, config: JobConfig, uid: str) -> KeyedStream:
    """Return clickstream and profiles in batches, with the control orders for every shard, keyed by shard.

    A replay has neither orders nor profiles: it reads those that there are at its start, see interest_rank.py.
    """
    keys = shard_keys(config.shards)
    _create(tables, "clickstream", config.topics.clickstream, config, clickstream_scan(config))
    queries = [_records("clickstream", EVENTS, keys)]
    if not isinstance(config, ReplayConfig):
        _create(tables, "profiles", config.topics.profiles, config, _EARLIEST)
        queries.append(_records("profiles", PROFILES, keys))
        queries.append(f"""
      SELECT shard, {ORDER}, v, v, 0, off, CAST(0 AS BIGINT)
      FROM orders CROSS JOIN UNNEST(ARRAY[{", ".join(map(str, keys))}]) AS shards(shard)
      WHERE v IS NOT NULL""")
    first, *others = (tables.to_append_stream(tables.sql_query(query), RECORD_TYPE) for query in queries)
    return gathered(first.union(*others) if others else first, config, uid)


def _records(table: str, kind: int, keys: list[int]) -> str:
    """Return SQL for the records of a topic, each with its shard."""
    return f"""
      SELECT {_shard_of("k", keys)}, {kind}, COALESCE(k, X''), COALESCE(v, X''),
             part + CASE WHEN k IS NULL THEN {KEY_WAS_NULL} ELSE 0 END
                  + CASE WHEN v IS NULL THEN {VALUE_WAS_NULL} ELSE 0 END,
             off, {_TIMESTAMP_MS}
      FROM {table}"""


def clickstream_scan(config: JobConfig) -> dict[str, str]:
    """Return the connector options that say where reading the clickstream starts and, for a replay, ends."""
    if not isinstance(config, ReplayConfig):
        if config.start == "earliest":
            return {"scan.startup.mode": "earliest-offset"}
        return {"scan.startup.mode": "group-offsets", "properties.auto.offset.reset": "earliest"}
    once = {"scan.topic-partition-discovery.interval": "0"}
    if config.from_offsets is not None and config.to_offsets is not None:
        return once | {
            "scan.startup.mode": "specific-offsets",
            "scan.startup.specific-offsets": _offsets(config.from_offsets),
            "scan.bounded.mode": "specific-offsets",
            "scan.bounded.specific-offsets": _offsets(config.to_offsets),
        }
    return once | {
        "scan.startup.mode": "timestamp",
        "scan.startup.timestamp-millis": str(config.from_ms),
        "scan.bounded.mode": "timestamp",
        "scan.bounded.timestamp-millis": str(config.to_ms),
    }


def _offsets(offsets: Mapping[int, int]) -> str:
    return ";".join(f"partition:{partition},offset:{offset}" for partition, offset in sorted(offsets.items()))


def broadcasts(tables: StreamTableEnvironment, config: JobConfig) -> DataStream:
    """Return the records of the activities, control and policy topics. Call before `batches`: it makes `orders`."""
    queries = []
    for role, topic in (
        (ACTIVITIES, config.topics.activities),
        (CONTROL, config.topics.control),
        (POLICY, config.topics.policy),
    ):
        table = "orders" if role == CONTROL else role
        _create(tables, table, topic, config, _SCAN[role])
        queries.append(f"SELECT '{role}' AS topic, off, k, v, {_TIMESTAMP_MS} AS ms FROM {table}")
    return _streamed(tables, queries, BROADCAST_TYPE)


def learner_rows(tables: StreamTableEnvironment, config: JobConfig, ranked: str) -> KeyedStream:
    """Return the feedback of the ranked rows (name of a view) by publish interval, orders and activities, one key.

    Gathered in SQL: each activity's sums are then read and written once an interval and not once a batch.
    """
    return _keyed(
        tables,
        [
            f"""
        SELECT 0, ROW({EVENTS}, ARRAY_AGG(feedback))
        FROM (SELECT feedback, PROCTIME() AS pt FROM {ranked} WHERE feedback <> X'')
        GROUP BY TUMBLE(pt, INTERVAL '{config.publish_ms / 1000:.3f}' SECOND)""",
            f"SELECT 0, ROW({ORDER}, ARRAY[v]) FROM orders WHERE v IS NOT NULL",
            f"""
        SELECT 0, ROW({ACTIVITY}, CASE WHEN v IS NULL THEN ARRAY[k] ELSE ARRAY[k, v] END)
        FROM {ACTIVITIES} WHERE k IS NOT NULL""",
        ],
        LEARNER_TYPE,
    )


def feedback_rows(tables: StreamTableEnvironment, ranked: str) -> KeyedStream:
    """Return the feedback of the ranked rows (name of a view) as it comes, (bytes), one key.

    Not gathered in SQL: what a window of a bounded job finds late would be missing, and nobody would know.
    """
    return _keyed(tables, [f"SELECT 0, ROW(feedback) FROM {ranked} WHERE feedback <> X''"], Types.ROW([_BYTES]))


def _shard_of(column: str, keys: list[int]) -> str:
    """Return SQL for the shard key of a Kafka key: never null, and right for the one hash that ABS leaves negative."""
    count = len(keys)
    number = f"MOD(MOD(HASH_CODE(CAST(COALESCE({column}, X'') AS STRING)), {count}) + {count}, {count})"
    return f"ARRAY[{', '.join(map(str, keys))}][{number} + 1]"


def _keyed(tables: StreamTableEnvironment, queries: Sequence[str], element: TypeInformation) -> KeyedStream:
    """Return the rows (key, element) of all queries, keyed without the Python hop that DataStream.key_by would add."""
    rows = _streamed(tables, queries, Types.ROW([Types.INT(), element]))
    selector = get_gateway().jvm.KeyByKeySelector()
    keyed = rows._j_data_stream.keyBy(selector, Types.ROW([Types.INT()]).get_java_type_info())  # noqa: SLF001
    return KeyedStream(keyed, element, rows)


def _streamed(tables: StreamTableEnvironment, queries: Sequence[str], row: TypeInformation) -> DataStream:
    """Return the rows of all queries. UNION ALL in SQL would be one more task that reads and writes all of them."""
    first, *others = (at_once(tables.to_append_stream(tables.sql_query(query), row)) for query in queries)
    return first.union(*others) if others else first


def at_once(rows: DataStream) -> DataStream:
    """Return a stream of which each row goes on its way when it is there: a row is a batch, not to be kept back."""
    rows._j_data_stream.getTransformation().setBufferTimeout(0)  # noqa: SLF001 - PyFlink has it for its own operators
    return rows


def _create(tables: StreamTableEnvironment, name: str, topic: str, config: JobConfig, scan: Mapping[str, str]) -> None:
    options = {
        "connector": "kafka",
        "topic": topic,
        "properties.bootstrap.servers": config.bootstrap,
        "properties.group.id": config.consumer_group,
        "key.format": "raw",
        "key.fields": "k",
        "value.format": "raw",
        "value.fields-include": "EXCEPT_KEY",
        **flink_properties(config.kafka_properties),
        # as every reader of ours: what a producer took back was never there
        "properties.isolation.level": "read_committed",
        **scan,
    }
    tables.execute_sql(f"CREATE TEMPORARY TABLE {name} ({_COLUMNS}) WITH ({sql_options(options)})")


def sql_options(options: Mapping[str, str]) -> str:
    """Return the options of a WITH clause."""
    return ", ".join(f"{sql_text(key)} = {sql_text(value)}" for key, value in options.items())


def sql_text(text: str) -> str:
    """Return a text as a SQL literal, quotes inside doubled."""
    return "'" + text.replace("'", "''") + "'"
