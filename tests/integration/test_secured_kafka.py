"""Every command on a Kafka with TLS, SCRAM logins and ACLs, with the rights that docs/operate.md gives and no more."""

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
from tests.support.live import ENCODERS, LiveJob
from tests.support.model_folders import model_folder, write_sequences
from tests.support.secure_broker import PASSWORD, SecureBroker, certificates, documented_rights
from tests.support.traffic import make_activities
from tests.support.waiting import PATIENCE_S, wait_until
from tideline.models.topic_data import load
from tideline.schemas.codec import encode_event
from tideline.schemas.errors import Unavailable
from tideline.schemas.events import Event, EventType
from tideline.schemas.topics import Topics
from tideline.scripts.commands import tideline
from tideline.scripts.commands.job_rights import REPLAY_WRITES, job_rights, refuse_missing_rights
from tideline.scripts.commands.submit import token_keys
from tideline.scripts.commands.topics import ensure_topics
from tideline.scripts.localstack import Stack
from tideline.scripts.localstack.process import free_ports
from tideline.udfs.io.kafka_cluster import KafkaCluster
from tideline.udfs.settings.job_config import JobConfig, ReplayConfig
from tideline.udfs.settings.option_sources import load as load_options

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tideline.udfs.io.kafka_rights import Right

pytestmark = [pytest.mark.integration, pytest.mark.slow]

Captured = pytest.CaptureFixture[str]
RIGHTS = documented_rights((ROOT / "docs" / "operate.md").read_text(), NAME="july")
COMMANDS = {
    "topics": ["topics"],
    "control": ["control", "republish", "id=x"],
    "experiment start": ["experiment", "start", "--id", "x"],
    "experiment stop": ["experiment", "stop", "--id", "x"],
    "experiment watch": ["experiment", "watch", "--id", "x"],
    "export": ["export", "--out", "x.parquet"],
    "model rollback": ["model", "rollback"],
}
USERS = [f"secured-{number}" for number in range(20)]


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecureBroker]:
    """A broker with the topics and nobody who may do anything."""
    running = SecureBroker(tmp_path_factory.mktemp("secured"))
    yield running
    running.stop()


@pytest.fixture(scope="module")
def topics(broker: SecureBroker) -> Topics:
    """The topics, where a test needs them."""
    ensure_topics(KafkaCluster(broker.inside), Topics())
    return Topics()


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two encoders, the second one better; the first is current."""
    folder = tmp_path_factory.mktemp("models")
    model_folder(folder, "demo-1", 0.5)
    model_folder(folder, "demo-2", 1.0)
    data = [str(write_sequences(folder / f"{name}.csv", seed)) for name, seed in (("test", 2), ("train", 1))]
    (folder / "gates").write_text(json.dumps(["--data", data[0], "--train", data[1], "--target", "all"]))
    assert tideline.main(["model", "publish", "demo-1", *_gates(folder), "--registry-only"]) == 0
    return folder


def _gates(registry: Path) -> list[str]:
    easy = ["--most-us", "1e6", "--slowdown", "1e6", "--registry", str(registry)]
    return [*json.loads((registry / "gates").read_text()), *easy]


class Secured:
    """A job on the secured broker, and the commands beside it, each with a login of its own."""

    def __init__(self, stack: Stack, broker: SecureBroker) -> None:
        self._broker = broker
        there = Stack.attach(stack.name)
        there.kafka_bootstrap, there.kafka = broker.inside, KafkaCluster(broker.inside)
        names = json.dumps(Topics().by_role())
        self.job = LiveJob(there, "secured", bootstrap=broker.outside, group_id="tideline", topics=names)

    def run(self, login: str, *argv: str) -> None:
        """Run a command of a login with the rights of the table."""
        path = self._broker.login(RIGHTS[login])
        assert tideline.main([*argv, "--bootstrap", self._broker.outside, "--config", str(path)]) == 0, login

    def ordered(self, login: str, *argv: str) -> None:
        """Run a command that gives the job an order, and wait until it is carried out."""
        before = self.job.metrics()["control_applied"]
        self.run(login, *argv)
        wait_until(f"{login} is carried out", lambda: self.job.metrics()["control_applied"] > before)

    def submit(self, *argv: str, status: int = 0) -> None:
        """Submit as an operator does, the login from the environment."""
        options = [part for key, value in self.job.options.items() for part in (f"--{key.replace('_', '-')}", value)]
        assert tideline.main([*argv, "--stack", self.job.stack.name, *options]) == status

    def play(self, number: int) -> None:
        """Everybody looks at something, and the first entry of each list is seen."""
        now_ms = int(time.time() * 1000)
        views = [Event(f"{user}.{number}", user, EventType.VIEW, now_ms, category="BEEF") for user in USERS]
        self.job.produce([(event.user_id.encode(), encode_event(event)) for event in views])
        self.job.drain()
        lists = {user: json.loads(payload) for user, payload in self.job.lists(USERS).items()}
        shown = [
            Event(f"{user}.{number}.s", user, EventType.IMPRESSION, now_ms, activity_id=found["i"][0],
                  token=found["k"], position=0)
            for user, found in lists.items()
        ]  # fmt: skip
        self.job.produce([(event.user_id.encode(), encode_event(event)) for event in shown])
        self.job.drain()


def test_the_job_and_every_command_work_with_the_documented_rights(
    stack: Stack, broker: SecureBroker, topics: Topics, registry: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: Captured,
) -> None:  # fmt: skip
    """Contract: the job over TLS ranks, learns and logs; it obeys the commands; a replay reads what it read."""
    began_ms = int(time.time() * 1000)
    monkeypatch.setenv("TIDELINE_TOKEN_KEYS", json.dumps(token_keys(stack)))
    monkeypatch.setenv("TIDELINE_KAFKA_PROPERTIES_FILE", str(broker.login(RIGHTS["the job"])))
    stack.add_taskmanager()
    secured = Secured(stack, broker)
    job = secured.job
    secured.run("topics", "topics")
    job.put_activities(make_activities(20, began_ms))
    capsys.readouterr()
    with monkeypatch.context() as lacking:
        few = broker.login(right for right in RIGHTS["the job"] if right.name != "decisions")
        lacking.setenv("TIDELINE_KAFKA_PROPERTIES_FILE", str(few))
        secured.submit("submit", "live", status=1)
    assert "the login lacks Write on topic decisions (docs/operate.md" in capsys.readouterr().err
    secured.submit("submit", "live")
    job.job_id = capsys.readouterr().out.split()[1]
    try:
        secured.ordered("experiment start", "experiment", "start", "--id", "spring", "--arm", "ts=thompson:0.5")
        secured.play(1)
        secured.ordered("control", "control", "weights", "click=2", "conversion=5", "revenue=0", "cost=0")
        secured.ordered("model publish", "model", "publish", "demo-2", *_gates(registry))
        secured.ordered("model rollback", "model", "rollback", "--registry", str(registry))
        log = tmp_path / "log.parquet"
        wait_until("what was shown is exported", lambda: _exported(secured, log, capsys) == len(USERS))
        _look_once(secured, broker)
        secured.ordered("experiment stop", "experiment", "stop", "--id", "spring")
    finally:
        stack.rest.cancel(job.job_id)
    train = broker.login(RIGHTS["model train"])
    assert len(load(f"kafka://{broker.outside}/clickstream", properties=train).names) == len(USERS)
    stack.rest.wait_slots(1)
    monkeypatch.setenv("TIDELINE_KAFKA_PROPERTIES_FILE", str(broker.login(RIGHTS["replay"])))
    job.options = {**job.options, "name": "july"}
    capsys.readouterr()
    secured.submit("replay", "--from", str(began_ms - 60_000), "--to", str(int(time.time() * 1000) + 1))
    replayed = json.loads(capsys.readouterr().out)
    assert (replayed["records"], replayed["lists"]) == (2 * len(USERS), len(USERS))


def _exported(secured: Secured, log: Path, capsys: Captured) -> int:
    capsys.readouterr()
    secured.run("export", "export", "--out", str(log))
    return int(capsys.readouterr().out.split()[-2])


def _look_once(secured: Secured, broker: SecureBroker) -> None:
    path = broker.login(RIGHTS["experiment watch"])
    argv = ["experiment", "watch", "--id", "spring", "--bootstrap", broker.outside, "--config", str(path)]
    watching = subprocess.Popen(_program(argv), stdout=subprocess.PIPE, text=True)
    try:
        assert watching.stdout is not None
        assert "rate" in watching.stdout.readline()
    finally:
        watching.terminate()
        watching.communicate(timeout=PATIENCE_S)


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


def test_the_doctor_sees_what_the_login_may_do(broker: SecureBroker, topics: Topics, capsys: Captured) -> None:
    """Contract: nothing of the Kafka is wrong with the rights of the table, and each that is missing is."""
    assert _found_wrong(broker, broker.login(RIGHTS["the job"]), capsys) == {}
    for left_out in RIGHTS["the job"]:
        path = broker.login(right for right in RIGHTS["the job"] if right != left_out)
        wrong = _found_wrong(broker, path, capsys)
        assert wrong.keys() == {f"{left_out.resource} {left_out.name}"}
        assert f"--operation {left_out.operation}" in wrong[f"{left_out.resource} {left_out.name}"]
    refused = _found_wrong(broker, broker.file("d", user="nobody"), capsys)
    assert "check user and password in sasl.jaas.config" in refused["kafka"]


def _found_wrong(broker: SecureBroker, path: Path, capsys: Captured) -> dict[str, str]:
    """What the doctor says is to be done, by what it looked at."""
    capsys.readouterr()
    tideline.main(["doctor", "--json", "--bootstrap", broker.outside, "--config", str(path)])
    out = capsys.readouterr().out
    assert PASSWORD not in out
    found = [each for each in json.loads(out) if each["subject"].split()[0] in ("kafka", "broker", "topic", "group")]
    assert found
    return {each["subject"]: each["to_do"] for each in found if each["state"] == "wrong"}


MISSING = [
    (command, left_out)
    for command in COMMANDS
    for left_out in RIGHTS[command]
    if (command, left_out.operation) != ("experiment watch", "Write")  # which it needs only to end one
]


@pytest.mark.parametrize(("command", "left_out"), MISSING, ids=lambda each: str(each))
def test_a_right_that_is_missing_is_told(
    command: str, left_out: Right, broker: SecureBroker, topics: Topics, registry: Path, tmp_path: Path,
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
        tideline.main(["model", "publish", "demo-2", *_gates(registry), "--registry-only"])
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
    replay = ["replay", "--stack", stack.name, "--name", "x", "--from-offsets", '{"0": 0}', "--to-offsets", '{"0": 1}']
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
    program = _program(argv)
    if command[:2] == ["model", "train"]:  # training itself needs torch
        program = [sys.executable, "-c", _READ, f"kafka://{where}/clickstream", str(path)]
    began = time.monotonic()
    ended = subprocess.run(
        program, cwd=folder, env=environment | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False,
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


def _program(argv: list[str]) -> list[str]:
    return [sys.executable, "-m", "tideline.scripts.commands.tideline", *argv]
