"""The job graph: sources -> interest_rank -> Redis writer, learner and Kafka sinks."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from pyflink.common import Row, Types
from pyflink.datastream import RuntimeExecutionMode
from pyflink.datastream.connectors.base import Sink
from pyflink.java_gateway import get_gateway
from pyflink.table import StreamTableEnvironment

from tideline.jobs.archived import archived
from tideline.jobs.inputs import BROADCAST_TYPE, at_once, batches, broadcasts, feedback_rows, learner_rows
from tideline.jobs.outputs import write_dead_letters, write_decisions, write_policy
from tideline.jobs.shards import MAX_PARALLELISM, shard_keys
from tideline.udfs.operators.interest_rank import InterestRank
from tideline.udfs.operators.kept.deployment import DEPLOYMENT
from tideline.udfs.operators.learn import Learn
from tideline.udfs.operators.redis_writer import RedisWriter
from tideline.udfs.operators.relearning.relearn import Relearn
from tideline.udfs.settings.job_config import ReplayConfig
from tideline.udfs.settings.worker_config import WorkerConfig

if TYPE_CHECKING:
    from pyflink.datastream import DataStream, KeyedStream, StreamExecutionEnvironment
    from pyflink.table import StatementSet

    from tideline.udfs.settings.job_config import JobConfig
    from tideline.udfs.settings.option_sources import Loaded

UIDS = {"gather": "gather", "interest_rank": "interest-rank", "learner": "learner", "redis_writer": "redis-writer"}
"""Name and uid of each operator of our own. State belongs to a uid: changing one drops it (tests/golden/uids.txt)."""

_BYTES = Types.PRIMITIVE_ARRAY(Types.BYTE())
_EACH_OF_BYTES = Types.OBJECT_ARRAY(Types.OBJECT_ARRAY(_BYTES))
# Arrays of arrays and none of rows: on its way out of Python each row of an array becomes the same Java object.
RANKED_TYPE = Types.ROW_NAMED(
    ["lists", "appended", "popular", "stops", "feedback", "decisions", "dead_letters", "tally", "pushes"],
    [_BYTES, _BYTES, _BYTES, _BYTES, _BYTES, _EACH_OF_BYTES, _EACH_OF_BYTES, _BYTES, _BYTES],
)
"""(lists block, append times, popular list, stops, feedback; key and value of each decision; each dead letter as
`packed` of dead_letters.py has it; at a replay's end what became of a shard's records; a block of pushes)."""

POLICY_TYPE = Types.ROW_NAMED(["k", "v"], [_BYTES, _BYTES])
"""Key and value of a record of the policy topic."""


def build(env: StreamExecutionEnvironment, loaded: Loaded[JobConfig]) -> None:
    """Put the whole job into the environment; `env.execute` then runs it."""
    config, workers = loaded.config, WorkerConfig(loaded)
    env.set_parallelism(config.parallelism)
    env.set_max_parallelism(MAX_PARALLELISM)
    # Whatever the cluster's default is: in Flink's batch mode there is state of one key at a time.
    env.set_runtime_mode(RuntimeExecutionMode.STREAMING)
    # A batch is one row of 100 KB with five readers. Copied at each step between chained operators it cost a third of
    # all throughput (docs/decisions/0006). No operator keeps or changes a row.
    env.get_config().enable_object_reuse()
    tables = StreamTableEnvironment.create(env)
    inserts = tables.create_statement_set()

    ranked = _rank(env, tables, config, workers)
    tables.create_temporary_view("ranked", ranked)
    _write_lists(tables, workers)
    write_decisions(tables, inserts, config, "ranked")
    write_dead_letters(tables, inserts, config, "ranked")
    if not isinstance(config, ReplayConfig):
        _learn(tables, inserts, config, learner_rows(tables, config, "ranked").process(Learn(workers), POLICY_TYPE))
    elif not config.makes_lists:
        _learn(tables, inserts, config, feedback_rows(tables, "ranked").process(Relearn(workers), POLICY_TYPE))
    inserts.attach_as_datastream()


def _rank(
    env: StreamExecutionEnvironment, tables: StreamTableEnvironment, config: JobConfig, workers: WorkerConfig[JobConfig]
) -> DataStream:
    if isinstance(config, ReplayConfig):
        # A replay ranks with the world as the topics have it at its start; a bounded job must have bounded inputs.
        changes = env.from_collection([Row("", 0, b"", b"", 0)], BROADCAST_TYPE)
    else:
        changes = broadcasts(tables, config)
    popular_shard = shard_keys(config.shards)[0]
    return (
        _batches(env, tables, config, workers)
        .connect(changes.broadcast(DEPLOYMENT))
        .process(InterestRank(workers, popular_shard), RANKED_TYPE)
        .name("interest_rank")
        .uid(UIDS["interest_rank"])
    )


def _batches(
    env: StreamExecutionEnvironment, tables: StreamTableEnvironment, config: JobConfig, workers: WorkerConfig[JobConfig]
) -> KeyedStream:
    if isinstance(config, ReplayConfig) and config.archive is not None:
        return archived(env, config, cast("WorkerConfig[ReplayConfig]", workers))
    return batches(tables, config, UIDS["gather"])


def _write_lists(tables: StreamTableEnvironment, workers: WorkerConfig[JobConfig]) -> None:
    query = """
        SELECT lists, appended, popular, stops, tally, pushes FROM ranked
        WHERE lists <> X'' OR popular <> X'' OR stops <> X'' OR tally <> X'' OR pushes <> X''"""
    rows = at_once(tables.to_append_stream(tables.sql_query(query), Types.ROW([_BYTES] * 6)))
    # Its own chain, so that ranking goes on while Redis answers. Pushes go the same way: with one more INSERT, Flink
    # gives other ids to operators that have state, and no job could go on with pushes from a savepoint without.
    written = rows.map(RedisWriter(workers), Types.INT()).name("redis_writer").uid(UIDS["redis_writer"])
    written = written.start_new_chain()
    discard = get_gateway().jvm.org.apache.flink.streaming.api.functions.sink.v2.DiscardingSink()
    written.sink_to(Sink(discard)).name("written").uid("written")


def _learn(tables: StreamTableEnvironment, inserts: StatementSet, config: JobConfig, learned: DataStream) -> None:
    rows = learned.name("learner").uid(UIDS["learner"]).set_parallelism(1).set_max_parallelism(1)
    tables.create_temporary_view("policy_rows", rows)
    write_policy(tables, inserts, config, "policy_rows")
