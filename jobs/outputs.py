"""What the job writes to Kafka: decisions, dead letters and the policy, each by an INSERT in the JVM.

All that is written of one record is one element of an array, and behind UNNEST no other array is read: SQL copies an
array whole each time it takes something out, so that 2,000 records beside each other were copied 2,000 times.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tideline.jobs.inputs import sql_options, sql_text
from tideline.udfs.settings.build import BUILD_ID
from tideline.udfs.settings.connection.kafka_security import flink_properties

if TYPE_CHECKING:
    from pyflink.table import StatementSet, StreamTableEnvironment

    from tideline.udfs.settings.job_config import JobConfig

_KEY_VALUE = "k BYTES, v BYTES"
_WITH_HEADERS = "k BYTES, v BYTES, headers MAP<STRING, BYTES> METADATA"
_LETTER_HEADERS = ("reason", "error", "source_topic", "source_partition", "source_offset", "source_timestamp_ms")
# Where these stand in a letter, counted from 1: `packed` of dead_letters.py.
_FIRST_HEADER = 3
_HAD_KEY_AND_VALUE = (9, 10)


def write_decisions(tables: StreamTableEnvironment, inserts: StatementSet, config: JobConfig, ranked: str) -> None:
    """Write the decision records of the ranked rows (name of a view), keyed by user."""
    _create(tables, "decisions_out", config.output_topics.decisions, config, _KEY_VALUE)
    inserts.add_insert_sql(
        f"INSERT INTO decisions_out SELECT decision[1], decision[2] FROM {ranked} "
        f"CROSS JOIN UNNEST({ranked}.decisions) AS d(decision)"
    )


def write_dead_letters(tables: StreamTableEnvironment, inserts: StatementSet, config: JobConfig, ranked: str) -> None:
    """Write the refused records of the ranked rows, byte for byte, reason and origin in the headers."""
    _create(tables, "dead_letters_out", config.output_topics.dead_letters, config, _WITH_HEADERS)
    own = (("job", config.name), ("build", BUILD_ID))
    headers = {name: f"letter[{number}]" for number, name in enumerate(_LETTER_HEADERS, _FIRST_HEADER)}
    headers |= {name: f"ENCODE({sql_text(text)}, 'UTF-8')" for name, text in own}
    of_map = ", ".join(f"'{name}', {value}" for name, value in headers.items())
    had_key, had_value = (f"letter[{number}] <> X''" for number in _HAD_KEY_AND_VALUE)
    inserts.add_insert_sql(
        f"INSERT INTO dead_letters_out SELECT CASE WHEN {had_key} THEN letter[1] END, "
        f"CASE WHEN {had_value} THEN letter[2] END, MAP[{of_map}] FROM {ranked} "
        f"CROSS JOIN UNNEST({ranked}.dead_letters) AS d(letter)"
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
