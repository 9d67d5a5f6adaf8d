"""What every command says where a right is missing or the login is wrong: no right of docs/operate.md is idle."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.support.doc_pages import ROOT
from tests.support.live import ENCODERS
from tests.support.secure_broker import PASSWORD, SecureBroker
from tests.support.secured import COMMANDS, RIGHTS, gates, program
from tests.support.waiting import PATIENCE_S
from tideline.schemas.errors import Unavailable
from tideline.schemas.topics import Topics
from tideline.scripts.commands import tideline
from tideline.scripts.commands.job_rights import REPLAY_WRITES, job_rights, refuse_missing_rights
from tideline.scripts.commands.topics import ensure_topics
from tideline.scripts.localstack import Stack
from tideline.scripts.localstack.certificates import certificates
from tideline.scripts.localstack.process import free_ports
from tideline.udfs.io.kafka_cluster import KafkaCluster
from tideline.udfs.settings.job_config import JobConfig, ReplayConfig
from tideline.udfs.settings.option_sources import load as load_options

if TYPE_CHECKING:
    from pathlib import Path

    from tideline.udfs.io.kafka_rights import Right

pytestmark = [pytest.mark.integration, pytest.mark.slow]
Captured = pytest.CaptureFixture[str]


@pytest.mark.parametrize("kind", [JobConfig, ReplayConfig])
def test_a_job_is_not_submitted_without_its_rights(
    kind: type[JobConfig], broker: SecureBroker, topics: Topics, tmp_path: Path
) -> None:
    """Contract: each missing right is named before the job is there, and so is a topic; they are those of the table."""
    login = "replay" if kind is ReplayConfig else "the job"
    rights = [right for right in RIGHTS[login] if right.operation != "Create"]
    ensure_topics(KafkaCluster(broker.inside), topics.with_suffix("-july"), roles=REPLAY_WRITES)
    assert set(job_rights(_config(kind, broker, broker.login([])))) == set(rights)
    refuse_missing_rights(_config(kind, broker, broker.login(rights)))
    for left_out in rights:
        config = _config(kind, broker, broker.login(right for right in rights if right != left_out))
        with pytest.raises(Unavailable, match=rf"(lacks|it needs) {left_out} \(docs/operate"):
            refuse_missing_rights(config)
    nowhere = replace(_config(kind, broker, broker.login(rights)), bootstrap=broker.inside, kafka_properties={})
    with pytest.raises(Unavailable, match="there is no topic shop; make it with scripts/topics"):
        refuse_missing_rights(replace(nowhere, topics=Topics(clickstream="shop")))


def _config(kind: type[JobConfig], broker: SecureBroker, path: Path) -> JobConfig:
    options = {"bootstrap": broker.outside, "encoder": str(ENCODERS / "demo-1"), "kafka-properties-file": str(path)}
    options |= {"name": "july", "from-ms": "1", "to-ms": "2"} if kind is ReplayConfig else {}
    environment = {"TIDELINE_REDIS_URL": "redis://h", "TIDELINE_TOKEN_KEYS": json.dumps({"1": "5e" * 32})}
    return load_options(kind, [part for key, value in options.items() for part in (f"--{key}", value)], environment)


MISSING = [
    (command, left_out)
    for command in COMMANDS
    for left_out in RIGHTS[command]
    if (command, left_out.operation) != ("experiment watch", "Write")  # which it needs only to end one
]


@pytest.mark.usefixtures("topics")
@pytest.mark.parametrize(("command", "left_out"), MISSING, ids=lambda each: str(each))
def test_a_right_that_is_missing_is_told(
    command: str, left_out: Right, broker: SecureBroker, registry: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, capsys: Captured,
) -> None:  # fmt: skip
    """Contract: exit status 1 and one line with the right and where to read about it: no right of the table is idle."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TIDELINE_TOKEN_KEYS", json.dumps({"1": "5e" * 32}))
    path = broker.login(each for each in RIGHTS[command] if each != left_out)
    argv = [*COMMANDS[command], "--bootstrap", broker.outside, "--config", str(path)]
    argv += ["--registry", str(_rolled(registry))] if command.startswith("model") else []
    began = time.monotonic()
    assert tideline.main(argv) == 1
    told = capsys.readouterr().err.splitlines()[-1]
    assert "the login may not do that; it needs" in told
    assert left_out.operation in told
    assert left_out.name in told
    assert told.endswith("(docs/operate.md, Rights in Kafka)")
    assert PASSWORD not in told
    assert time.monotonic() - began < 60


def _rolled(registry: Path) -> Path:
    """A registry with a model to roll back to."""
    if tideline.main(["model", "rollback", "--registry-only", "--registry", str(registry)]):
        tideline.main(["model", "publish", "demo-2", *gates(registry), "--registry-only"])
    return registry


def test_a_wrong_password_ca_or_address_is_told_by_every_command(
    stack: Stack, broker: SecureBroker, topics: Topics, registry: Path, tmp_path: Path
) -> None:
    """Contract: exit status 1 and one line that says what to do, within a minute, no secret in it and no traceback."""
    other, _ = certificates(tmp_path, "other")
    _rolled(registry)
    nobody = f"127.0.0.1:{free_ports(1)[0]}"
    wrong = {
        "check user and password in sasl.jaas.config": (broker.outside, broker.file("a", password="not-the-word")),
        "no CA in ssl.truststore.location signed": (broker.outside, broker.file("b", ca=other)),
        "nothing listens there; check host and port": (nobody, broker.file("c")),
        "does the port want TLS or a login? Set security.protocol": (broker.outside, _empty(tmp_path)),
    }
    live = ["submit", "live", "--stack", stack.name]
    replay = ["replay", "--stack", stack.name, "--name", "x", "--from", '{"0": 0}', "--to", '{"0": 1}']
    training = ["model", "train", "--out", "m"]
    cases = [
        (told, command, where, path)
        for told, (where, path) in wrong.items()
        for command in [*COMMANDS.values(), live, replay, training]
    ]
    with ThreadPoolExecutor(12) as pool:
        ended = list(pool.map(lambda case: _refused(tmp_path, registry, *case[1:]), cases))
    for (told, command, where, path), (status, lines, seconds) in zip(cases, ended, strict=True):
        about = f"{command} at {where} with {path.read_text()}: {lines}"
        assert status == 1, about
        assert told in lines[-1], about
        assert len(lines) == 1, about
        assert PASSWORD not in lines[0], about
        assert "not-the-word" not in lines[0], about
        assert seconds < 60, about


def _empty(folder: Path) -> Path:
    (folder / "empty.properties").write_text("")
    return folder / "empty.properties"


def _refused(folder: Path, registry: Path, command: list[str], where: str, path: Path) -> tuple[int, list[str], float]:
    environment = os.environ | {"TIDELINE_TOKEN_KEYS": json.dumps({"1": "5e" * 32})}
    argv = [*command, "--bootstrap", where]
    if command[0] in ("submit", "replay"):
        environment["TIDELINE_KAFKA_PROPERTIES_FILE"] = str(path)
    else:
        argv += ["--config", str(path)]
    argv += ["--registry", str(registry)] if command[:2] == ["model", "rollback"] else []
    started = program(argv)
    if command[:2] == ["model", "train"]:  # training itself needs torch
        started = [sys.executable, "-c", _READ, f"kafka://{where}/clickstream", str(path)]
    began = time.monotonic()
    ended = subprocess.run(
        started, cwd=folder, env=environment | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False,
        timeout=PATIENCE_S,
    )  # fmt: skip
    return ended.returncode, ended.stderr.strip().splitlines(), time.monotonic() - began


_READ = """
import sys
from pathlib import Path
from tideline.models.topic_data import load
from tideline.schemas.errors import Unavailable
try:
    load(sys.argv[1], properties=Path(sys.argv[2]))
except Unavailable as error:
    raise SystemExit(str(error))
"""
