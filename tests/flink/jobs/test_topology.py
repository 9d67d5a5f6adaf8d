"""Contract: the graph of the job can be planned, its operators keep their identity, its shards are balanced."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

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
