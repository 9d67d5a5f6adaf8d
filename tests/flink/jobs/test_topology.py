"""Contract: the graph of the job can be planned, its operators keep their identity, its shards are balanced."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.hash_code import INT_MIN, hash_code, user_with_hash
from tideline.jobs.shards import MAX_PARALLELISM, shard_keys
from tideline.jobs.topology import UIDS, build
from tideline.scripts.localstack.paths import REPOSITORY
from tideline.udfs.settings.job_config import JobConfig

pytestmark = pytest.mark.flink

_GOLDEN = REPOSITORY / "tests" / "golden" / "uids.txt"


def planned(environment: Any, config: JobConfig) -> dict[str, Any]:
    """Operators of the planned graph: uid by name."""
    from pyflink.java_gateway import get_gateway

    build(environment, config)
    graph = environment._j_stream_execution_environment.getStreamGraph(False)
    nodes = get_gateway().jvm.java.util.ArrayList(graph.getStreamNodes())
    return {str(node.getOperatorName()): node.getTransformationUID() for node in nodes}


def test_uids_are_those_of_the_golden_table() -> None:
    """Contract: state belongs to a uid, so changing one is a decision that this table makes visible."""
    golden = dict(line.split() for line in Path(_GOLDEN).read_text().splitlines())
    assert golden == UIDS


@pytest.mark.slow
def test_live_graph_has_every_python_operator_under_its_uid(
    environment: Any, config_of: Callable[..., JobConfig]
) -> None:
    """Contract: in the planned live job each Python operator stands once, with the uid of the table."""
    uids = planned(environment, config_of("live"))
    assert {name: uids.get(name) for name in UIDS} == UIDS
    assert sum("decisions_out" in name or "dead_letters_out" in name for name in uids) >= 2


@pytest.mark.slow
def test_replay_graph_ranks_and_writes_without_learning(environment: Any, config_of: Callable[..., JobConfig]) -> None:
    """Contract: a replay has the live job's ranker and writer under the same uids, and no operator of its own."""
    uids = planned(environment, config_of("replay", "--policy-pin", "0"))
    assert uids["interest_rank"] == UIDS["interest_rank"]
    assert uids["redis_writer"] == UIDS["redis_writer"]
    assert {uid for uid in uids.values() if uid} <= {*UIDS.values(), "written"}


@pytest.mark.parametrize("shards", [8, 16, 32, 1024])
def test_each_shard_has_a_key_group_of_its_own_and_subtasks_get_equally_many(shards: int) -> None:
    """Contract: with 1, 2, 4 or 8 subtasks each works on the same number of shards."""
    from pyflink.java_gateway import get_gateway

    jvm = get_gateway().jvm
    assignment = jvm.org.apache.flink.runtime.state.KeyGroupRangeAssignment
    row = jvm.org.apache.flink.types.Row(1)
    groups = []
    for key in shard_keys(shards):
        row.setField(0, key)
        groups.append(assignment.assignToKeyGroup(row, MAX_PARALLELISM))
    assert len(set(groups)) == shards
    for subtasks in (1, 2, 4, 8):
        owners = Counter(
            assignment.computeOperatorIndexForKeyGroup(MAX_PARALLELISM, subtasks, group) for group in groups
        )
        assert set(owners.values()) == {shards // subtasks}


def test_the_smallest_hash_has_a_user() -> None:
    """Contract: the user id with which other tests try the hash that ABS leaves negative has it in Flink too."""
    from pyflink.java_gateway import get_gateway

    text_of = get_gateway().jvm.org.apache.flink.table.data.binary.BinaryStringData.fromString
    user = user_with_hash(INT_MIN)
    assert text_of(user).hashCode() == INT_MIN == hash_code(user.encode())
