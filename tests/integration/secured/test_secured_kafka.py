"""The job and every command on a Kafka with TLS, SCRAM logins and ACLs, with the rights that docs/operate.md gives."""

from __future__ import annotations

import json
import os
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.equality import check_equal
from tests.support.running_job import running_job
from tests.support.scenes import scenario
from tests.support.secure_broker import PASSWORD, Doors
from tests.support.secured import COMMANDS, RIGHTS, USERS, Secured, gates, program
from tests.support.traffic import make_activities, messages
from tests.support.waiting import PATIENCE_S, wait_until
from tideline.models.topic_data import load
from tideline.schemas.topics import Topics
from tideline.scripts.commands import tideline
from tideline.scripts.commands.submit import token_keys
from tideline.scripts.localstack import Stack, StackRequest
from tideline.scripts.localstack.paths import FLINK_CONF
from tideline.scripts.localstack.secure_redis import ADMIN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.support.live import LiveJob

pytestmark = [pytest.mark.integration, pytest.mark.slow]
Captured = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def locked() -> Iterator[Stack]:
    """A stack with logins, of two TaskManagers: a replay comes beside the job."""
    name = f"locked-{os.getpid()}"
    with Stack.up(StackRequest(name, taskmanagers=2, conf=FLINK_CONF / "config.test.yaml", secure=True)) as running:
        yield running


@pytest.fixture(scope="module")
def broker(locked: Stack, tmp_path_factory: pytest.TempPathFactory) -> Doors:
    """Its broker."""
    return Doors.of(locked, tmp_path_factory.mktemp("logins"))


@pytest.mark.usefixtures("topics")
def test_the_job_and_every_command_work_with_the_documented_rights(
    locked: Stack, broker: Doors, registry: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    """Contract: the job over TLS, to Redis too, ranks, learns, logs and obeys, and so on after a lost TaskManager."""
    began_ms = int(time.time() * 1000)
    monkeypatch.setenv("TIDELINE_TOKEN_KEYS", json.dumps(token_keys(locked)))  # of the export
    secured = Secured(locked, broker)
    job = secured.job
    secured.run("topics", "topics")
    job.put_activities(make_activities(20, began_ms))
    for command in ("activity put", "activity show"):
        secured.run(command, *COMMANDS[command])
    capsys.readouterr()
    few = broker.login(right for right in RIGHTS["the job"] if right.name != "decisions")
    secured.submit("submit", "live", "--kafka-properties-file", str(few), status=1)
    assert "the login lacks Write on topic decisions (docs/operate.md" in capsys.readouterr().err
    secured.submit("submit", "live")
    job.job_id = capsys.readouterr().out.split()[1]
    try:
        secured.ordered("experiment start", "experiment", "start", "--id", "spring", "--arm", "ts=thompson:0.5")
        secured.play(1)
        secured.ordered("control", "control", "weights", "click=2", "conversion=5", "revenue=0", "cost=0")
        secured.ordered("model publish", "model", "publish", "demo-2", *gates(registry))
        secured.ordered("model rollback", "model", "rollback", "--registry", str(registry))
        log = tmp_path / "log.parquet"
        wait_until("what was shown is exported", lambda: _exported(secured, log, capsys) == len(USERS))
        _look_once(secured, broker)
        secured.ordered("experiment stop", "experiment", "stop", "--id", "spring")
        locked.rest.savepoint(job.job_id)
        assert _places_of(locked, job.job_id) == []
        before = _updates(job)
        _lose_its_taskmanager(job)
        secured.play(2)
        assert all(now > then for now, then in zip(_updates(job), before, strict=True)), "nobody began anew"
        played_ms = int(time.time() * 1000) + 1
        _about_somebody(secured, tmp_path)
    finally:
        locked.rest.cancel(job.job_id)
    _train_reads(broker)
    job.options = {**job.options, "name": "july"}
    _replay_between(began_ms, played_ms, secured, capsys)


def _about_somebody(secured: Secured, folder: Path) -> None:
    """Run what is about one user or activity, each with its own rights; all of it in Redis too."""
    locked, user = secured.job.stack, "somebody"
    assert locked.secured is not None
    redis = ["--redis-url-file", str(locked.secured.redis_file(ADMIN))]
    secured.run("send", "send", user, "--category", "BEEF", *redis)
    secured.run("probe", "probe", "--once", *redis)
    secured.run("list", "list", user, *redis)
    secured.run("list --why", "list", user, "--why", *redis)
    secured.run("person", "person", user, "--export", str(folder / "person"), *redis)
    secured.run("erase", "erase", user)
    secured.run("archive", "archive", "--to", str(folder / "archive"))
    secured.run("activity stop", "activity", "stop", "a003")


def _train_reads(broker: Doors) -> None:
    login = broker.login(RIGHTS["model train"])
    assert len(load(f"kafka://{broker.outside}/clickstream", properties=login).names) == len(USERS)


def _replay_between(began_ms: int, ended_ms: int, secured: Secured, capsys: Captured) -> None:
    secured.job.stack.rest.wait_slots(1)
    capsys.readouterr()
    secured.submit("replay", "--from", str(began_ms - 60_000), "--to", str(ended_ms))
    replayed = json.loads(capsys.readouterr().out)
    assert (replayed["records"], replayed["lists"]) == (4 * len(USERS), len(USERS))


def _lose_its_taskmanager(job: LiveJob) -> None:
    """Kill the one that the job runs on, and wait until it goes on from its last checkpoint on the other."""
    stack, restored = job.stack, job.stack.rest.checkpoints(job.job_id).restored
    stack.kill_taskmanager(stack.taskmanagers.index(job.taskmanagers()[0]))
    wait_until("the job is restored", lambda: stack.rest.checkpoints(job.job_id).restored > restored)
    stack.rest.wait_running(job.job_id)
    stack.add_taskmanager()


def test_lists_are_the_oracles_through_restarts(locked: Stack) -> None:
    """Contract: as on a stack without logins, byte for byte, after a lost TaskManager and from a savepoint."""
    options = {"prefix": "tideline", "group_id": "tideline-twin"}
    with running_job(locked, "twin", make_activities(30, int(time.time() * 1000)), **options) as job:
        restarts: list[Callable[[LiveJob], None]] = [_lose_its_taskmanager, lambda job: job.rescale(1)]
        for number, restart in enumerate([None, *restarts]):
            if restart is not None:
                restart(job)
            job.produce(messages(scenario(job, number, "t", events=300, users=40)))
            job.settle()
            assert len(job.oracle.lists) > 20
            check_equal(job.oracle.lists, job.lists(job.oracle.lists))
            locked.rest.wait_checkpoints(job.job_id, 1)


def _updates(job: LiveJob) -> list[int]:
    return [json.loads(payload)["v"][2] for payload in job.lists(USERS).values()]


def test_what_a_stack_prints_opens_it_and_nothing_else_does(locked: Stack, capsys: Captured) -> None:
    """Contract: the printed options serve any command; no password is printed, and nobody comes in without one."""
    assert tideline.main(["stack", "status", "--name", locked.name, "--json"]) == 0
    printed = capsys.readouterr().out
    options = json.loads(printed)["options"].split()
    assert _password_of(locked) not in printed
    tideline.main(["doctor", "--json", *options])
    found = {each["subject"]: each["state"] for each in json.loads(capsys.readouterr().out)}
    assert {found[subject] for subject in found if subject.split()[0] in ("kafka", "topic", "redis", "flink")} == {"ok"}
    assert tideline.main(["topics", *options[:2]]) == 1
    assert "does the port want TLS or a login?" in capsys.readouterr().err
    assert locked.secured is not None
    for path in (*Path(locked.secured.folder).iterdir(), locked.root / "state.json", locked.root / "users.acl"):
        if not path.name.endswith(("-ca.pem", "-made.pem")):  # certificates are for everybody
            assert path.stat().st_mode & 0o077 == 0, path


def _password_of(stack: Stack) -> str:
    assert stack.secured is not None
    return (Path(stack.secured.folder) / "password").read_text()


def _places_of(stack: Stack, job_id: str) -> list[str]:
    """Where a secret of the job lies: what Flink wrote and kept, what its REST says, what its processes inherited."""
    text = next(iter(token_keys(stack).values()))
    secrets = (PASSWORD.encode(), _password_of(stack).encode(), text.encode(), bytes.fromhex(text))
    own = {stack.root / name for name in ("token_keys.json", "state.json", "users.acl")}
    found = {path for path in stack.root.rglob("*") if path.is_file() and not path.is_symlink()} - own
    files = [path for path in found if path.parent != stack.root / "secret"]
    places = {}
    for path in files:
        with suppress(FileNotFoundError):  # a checkpoint that Flink has replaced meanwhile
            places[str(path)] = path.read_bytes()
    for page in ("", "/config", "/plan", "/checkpoints", "/exceptions"):
        places[f"/jobs/{job_id}{page}"] = json.dumps(stack.rest.get(f"/jobs/{job_id}{page}")).encode()
    for process in stack.processes:
        places[f"environment of {process.name}"] = Path(f"/proc/{process.pid}/environ").read_bytes()
    assert any(b"secured" in content for content in places.values()), "it looks where the job is"
    return [place for place, content in places.items() if any(secret in content for secret in secrets)]


def _exported(secured: Secured, log: Path, capsys: Captured) -> int:
    capsys.readouterr()
    secured.run("export", "export", "--out", str(log))
    return int(capsys.readouterr().out.split()[-2])


def _look_once(secured: Secured, broker: Doors) -> None:
    path = broker.login(RIGHTS["experiment watch"])
    argv = ["experiment", "watch", "--id", "spring", "--bootstrap", broker.outside, "--config", str(path)]
    watching = subprocess.Popen(program(argv), stdout=subprocess.PIPE, text=True)
    try:
        assert watching.stdout is not None
        assert "rate" in watching.stdout.readline()
    finally:
        watching.terminate()
        watching.communicate(timeout=PATIENCE_S)


def test_the_doctor_sees_what_the_login_may_do(broker: Doors, topics: Topics, capsys: Captured) -> None:
    """Contract: nothing of the Kafka is wrong with the rights of the table, and each that is missing is."""
    assert _found_wrong(broker, broker.login(RIGHTS["the job"]), capsys) == {}
    for left_out in RIGHTS["the job"]:
        path = broker.login(right for right in RIGHTS["the job"] if right != left_out)
        wrong = _found_wrong(broker, path, capsys)
        assert wrong.keys() == {f"{left_out.resource} {left_out.name}"}
        assert f"--operation {left_out.operation}" in wrong[f"{left_out.resource} {left_out.name}"]
    refused = _found_wrong(broker, broker.file("d", user="nobody"), capsys)
    assert "check user and password in sasl.jaas.config" in refused["kafka"]


def _found_wrong(broker: Doors, path: Path, capsys: Captured) -> dict[str, str]:
    """What the doctor says is to be done, by what it looked at."""
    capsys.readouterr()
    tideline.main(["doctor", "--json", "--bootstrap", broker.outside, "--config", str(path)])
    out = capsys.readouterr().out
    assert PASSWORD not in out
    found = [each for each in json.loads(out) if each["subject"].split()[0] in ("kafka", "broker", "topic", "group")]
    assert found
    return {each["subject"]: each["to_do"] for each in found if each["state"] == "wrong"}
