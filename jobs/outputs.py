"""What the job writes to Kafka: decisions, dead letters and the policy, each by an INSERT in the JVM."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tideline.jobs.inputs import sql_options, sql_text
from tideline.udfs.operators.batch_rows import KEY_WAS_NULL, VALUE_WAS_NULL
from tideline.udfs.settings.build import BUILD_ID
from tideline.udfs.settings.connection.kafka_security import flink_properties

if TYPE_CHECKING:
    from pyflink.table import StatementSet, StreamTableEnvironment

    from tideline.udfs.settings.job_config import JobConfig

_KEY_VALUE = "k BYTES, v BYTES"
_WITH_HEADERS = "k BYTES, v BYTES, headers MAP<STRING, BYTES> METADATA"


def write_decisions(tables: StreamTableEnvironment, inserts: StatementSet, config: JobConfig, ranked: str) -> None:
    """Write the decision records of the ranked rows (name of a view), keyed by user."""
    _create(tables, "decisions_out", config.output_topics.decisions, config, _KEY_VALUE)
    inserts.add_insert_sql(
        f"INSERT INTO decisions_out SELECT d.k, decision_values[d.n] FROM {ranked} "
        f"CROSS JOIN UNNEST({ranked}.decision_keys) WITH ORDINALITY AS d(k, n)"
    )


def write_dead_letters(tables: StreamTableEnvironment, inserts: StatementSet, config: JobConfig, ranked: str) -> None:
    """Write the refused records of the ranked rows, byte for byte, reason and origin in the headers."""
    _create(tables, "dead_letters_out", config.output_topics.dead_letters, config, _WITH_HEADERS)
    texts = {
        "reason": "dead_reasons[d.n]",
        "error": "dead_errors[d.n]",
        "source_topic": "dead_topics[d.n]",
        "source_partition": f"CAST(MOD(d.part, {KEY_WAS_NULL}) AS STRING)",
        "source_offset": "CAST(dead_offsets[d.n] AS STRING)",
        "source_timestamp_ms": "CAST(dead_times_ms[d.n] AS STRING)",
        "job": sql_text(config.name),
        "build": sql_text(BUILD_ID),
    }
    headers = ", ".join(f"'{name}', ENCODE({text}, 'UTF-8')" for name, text in texts.items())
    inserts.add_insert_sql(
        f"INSERT INTO dead_letters_out SELECT "
        f"CASE WHEN MOD(d.part / {KEY_WAS_NULL}, 2) = 0 THEN dead_keys[d.n] END, "
        f"CASE WHEN d.part < {VALUE_WAS_NULL} THEN dead_values[d.n] END, MAP[{headers}] FROM {ranked} "
        f"CROSS JOIN UNNEST({ranked}.dead_parts) WITH ORDINALITY AS d(part, n)"
    )


def write_policy(tables: StreamTableEnvironment, inserts: StatementSet, config: JobConfig, rows: str) -> None:
    """Write the policy rows (name of a view with k and v)."""
    _create(tables, "policy_out", config.output_topics.policy, config, _KEY_VALUE)
    inserts.add_insert_sql(f"INSERT INTO policy_out SELECT k, v FROM {rows}")


def _create(tables: StreamTableEnvironment, name: str, topic: str, config: JobConfig, columns: str) -> None:
    options = {
        "connector": "kafka",
        "topic": topic,
        "properties.bootstrap.servers": config.bootstrap,
        "key.format": "raw",
        "key.fields": "k",
        "value.format": "raw",
        "value.fields-include": "EXCEPT_KEY",
        "sink.delivery-guarantee": "at-least-once",
        **flink_properties(config.kafka_properties),
    }
    tables.execute_sql(f"CREATE TEMPORARY TABLE {name} ({columns}) WITH ({sql_options(options)})")
