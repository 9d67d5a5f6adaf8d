"""Contract: the graph of the job can be planned, its operators keep their identity, its shards are balanced."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tideline.jobs.topology import UIDS, build
from tideline.scripts.localstack.paths import REPOSITORY
from tideline.udfs.settings.job_config import JobConfig
from tideline.udfs.settings.option_sources import Loaded, load_with_files

pytestmark = pytest.mark.flink


_GOLDEN = REPOSITORY / "tests" / "golden" / "uids.txt"


def planned(environment: Any, config: JobConfig) -> dict[str, Any]:
    """Operators of the planned graph: uid by name."""
    from pyflink.java_gateway import get_gateway

    build(environment, Loaded(config, {}))
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
def test_a_cluster_that_runs_batch_jobs_by_default_runs_this_one_as_a_stream(
    environment: Any, config_of: Callable[..., JobConfig]
) -> None:
    """Contract: a bounded replay, too: with state of one key at a time a batch of many shards would lose users."""
    from pyflink.common import Configuration

    batch = Configuration()
    batch.set_string("execution.runtime-mode", "BATCH")
    environment.configure(batch)
    build(environment, Loaded(config_of("replay"), {}))
    graph = environment._j_stream_execution_environment.getStreamGraph(False)
    assert str(graph.getJobType()) == "STREAMING"


@pytest.mark.slow
def test_operators_of_flink_keep_their_ids(environment: Any, config_of: Callable[..., JobConfig]) -> None:
    """Contract: offsets and open windows belong to ids that Flink makes of the graph; a changed one resets state.

    With other topics, policies, batches and parallelism they are the same.
    """
    golden = (_GOLDEN.parent / "operators.txt").read_text().splitlines()
    options = ["--policy", "thompson", "--batch-ms", "70", "--publish-ms", "3000", "--topics", '{"policy": "other"}']
    for given in ([], options):
        assert ids_of(environment, config_of("live", *given)) == golden


@pytest.mark.slow
def test_operators_have_the_same_ids_with_pushes_and_without(
    environment: Any, config_of: Callable[..., JobConfig]
) -> None:
    """Contract: state goes on when the option is given or taken away."""
    golden = (_GOLDEN.parent / "operators.txt").read_text().splitlines()
    pushing = ["--salt", "s", "--push", '{"week": 2, "zones": ["UTC"]}']
    assert ids_of(environment, config_of("live", *pushing)) == golden


def ids_of(environment: Any, config: JobConfig) -> list[str]:
    """Ids under which state of the planned job lies."""
    from pyflink.java_gateway import get_gateway

    build(environment, Loaded(config, {}))
    graph = environment._j_stream_execution_environment.getStreamGraph(True).getJobGraph()
    listed = get_gateway().jvm.java.util.ArrayList
    pairs = [pair for vertex in graph.getVerticesAsArray() for pair in listed(vertex.getOperatorIDs())]
    return sorted(str(pair.getUserDefinedOperatorID().orElse(pair.getGeneratedOperatorID())) for pair in pairs)


@pytest.mark.slow
def test_replay_graph_ranks_and_writes_without_learning(environment: Any, config_of: Callable[..., JobConfig]) -> None:
    """Contract: a replay has the live job's ranker and writer under the same uids, and no operator of its own."""
    uids = planned(environment, config_of("replay", "--policy-pin", "0"))
    assert uids["interest_rank"] == UIDS["interest_rank"]
    assert uids["redis_writer"] == UIDS["redis_writer"]
    assert {uid for uid in uids.values() if uid} <= {*UIDS.values(), "written"}


@pytest.mark.slow
def test_replay_that_learns_has_the_learner_too(environment: Any, config_of: Callable[..., JobConfig]) -> None:
    """Contract: under the uid of live's, and one sink more; every uid is of the table."""
    uids = planned(environment, config_of("replay", "--policy-pin", "0", "--makes", "policy"))
    assert {name: uids.get(name) for name in UIDS} == UIDS
    assert any("policy_out" in name for name in uids)
    assert {uid for uid in uids.values() if uid} <= {*UIDS.values(), "written"}


_SECRET, _PASSWORD = "5e" * 32, "marker-of-redis"


@pytest.mark.slow
def test_no_secret_that_a_file_holds_is_in_the_job_graph(environment: Any, tmp_path: Path) -> None:
    """Contract: the bytes that Flink keeps of a job hold paths; given otherwise, the same search finds the secrets."""
    kept = {
        "TIDELINE_REDIS_URL": f"rediss://job:{_PASSWORD}@cache:6379/0",
        "TIDELINE_TOKEN_KEYS": f'{{"1": "{_SECRET}"}}',
        "TIDELINE_KAFKA_PROPERTIES": "ssl.key.password=marker-of-kafka",
    }
    in_files = {}
    for name, text in kept.items():
        (tmp_path / name).write_text(text)
        in_files[f"{name}_FILE"] = str(tmp_path / name)
    (tmp_path / "kafka-secret").write_text("word=marker-of-kafka")
    (tmp_path / "TIDELINE_KAFKA_PROPERTIES").write_text(f"ssl.key.password=${{file:{tmp_path}/kafka-secret:word}}")
    assert _found(environment, in_files) == set()
    assert _found(environment, kept) == {"marker-of-redis", "token secret", "marker-of-kafka"}


def _found(environment: Any, environ: dict[str, str]) -> set[str]:
    """The secrets in the serialized graph of a live job, as text in one and in two bytes a letter, and as bytes."""
    from pyflink.java_gateway import get_gateway

    flags = ["--bootstrap", "127.0.0.1:1", "--encoder", str(REPOSITORY / "models" / "artefacts" / "demo-1")]
    build(environment, load_with_files(JobConfig, flags, environ))
    graph = environment._j_stream_execution_environment.getStreamGraph().getJobGraph()
    written = bytes(get_gateway().jvm.org.apache.flink.util.InstantiationUtil.serializeObject(graph))
    found = {text for text in (_PASSWORD, "marker-of-kafka") if _holds(written, text.encode())}
    return found | {"token secret" for text in (_SECRET.encode(), bytes.fromhex(_SECRET)) if _holds(written, text)}


def _holds(written: bytes, secret: bytes) -> bool:
    forms = (secret, secret.decode("latin-1").encode("utf-16-be"), base64.b64encode(secret)[:-4], secret.hex().encode())
    return any(form in written for form in forms)
