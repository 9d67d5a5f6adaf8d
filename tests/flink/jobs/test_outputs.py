"""What the job writes, as Flink takes it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from tideline.jobs.outputs import write_dead_letters, write_decisions, write_policy
from tideline.udfs.settings.job_config import JobConfig

pytestmark = [pytest.mark.flink, pytest.mark.slow]

RANKED = """CREATE TEMPORARY TABLE ranked (
  decisions ARRAY<ARRAY<BYTES>>, dead_letters ARRAY<ARRAY<BYTES>>) WITH ('connector' = 'datagen')"""
ROWS = "CREATE TEMPORARY TABLE learned (k BYTES, v BYTES) WITH ('connector' = 'datagen')"
TOPICS = {"decisions_out": "decisions", "dead_letters_out": "dead-letters", "policy_out": "policy"}


@pytest.mark.parametrize(("kind", "suffix"), [("live", ""), ("replay", "-again")])
def test_every_output_goes_to_the_topics_of_its_job(
    environment: Any, config_of: Callable[..., JobConfig], kind: str, suffix: str
) -> None:
    """Contract: the statements can be planned, take a batch apart in linear time, and a replay has its own topics."""
    from pyflink.table import StreamTableEnvironment

    tables = StreamTableEnvironment.create(environment)
    for statement in (RANKED, ROWS):
        tables.execute_sql(statement)
    config, inserts = config_of(kind), tables.create_statement_set()
    write_decisions(tables, inserts, config, "ranked")
    write_dead_letters(tables, inserts, config, "ranked")
    write_policy(tables, inserts, config, "learned")
    plan = inserts.explain()
    assert "decisions_out" in plan
    # whatever else is taken out of behind UNNEST would be copied whole for each element
    assert set(re.findall(r"ITEM\((\w+)", plan)) == {"f0"}
    for table, topic in TOPICS.items():
        with tables.execute_sql(f"SHOW CREATE TABLE {table}").collect() as rows:
            assert f"'topic' = '{topic}{suffix}'" in next(iter(rows))[0]
