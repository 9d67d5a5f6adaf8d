"""The job and every command on a Kafka with TLS, SCRAM logins and ACLs, with the rights that docs/operate.md gives."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path

import pytest

from tests.support.secure_broker import PASSWORD, SecureBroker
from tests.support.secure_redis import SecureRedis
from tests.support.secured import COMMANDS, RIGHTS, USERS, Secured, gates, program
from tests.support.traffic import make_activities
from tests.support.waiting import PATIENCE_S, wait_until
from tideline.models.topic_data import load
from tideline.schemas.topics import Topics
from tideline.scripts.commands import tideline
from tideline.scripts.commands.submit import token_keys
from tideline.scripts.localstack import Stack

pytestmark = [pytest.mark.integration, pytest.mark.slow]
Captured = pytest.CaptureFixture[str]


@pytest.mark.usefixtures("topics")
def test_the_job_and_every_command_work_with_the_documented_rights(
    stack: Stack, broker: SecureBroker, lists: SecureRedis, registry: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, capsys: Captured,
) -> None:  # fmt: skip
    """Contract: the job over TLS, to Redis too, ranks, learns and logs; it obeys; a replay reads what it read."""
    began_ms = int(time.time() * 1000)
    monkeypatch.setenv("TIDELINE_TOKEN_KEYS", json.dumps(token_keys(stack)))
    monkeypatch.setenv("TIDELINE_KAFKA_PROPERTIES_FILE", str(broker.login(RIGHTS["the job"], by_reference=True)))
    stack.add_taskmanager()
    secured = Secured(stack, broker, lists)
    job = secured.job
    secured.run("topics", "topics")
    job.put_activities(make_activities(20, began_ms))
    for command in ("activity put", "activity show"):
        secured.run(command, *COMMANDS[command])
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
        secured.ordered("model publish", "model", "publish", "demo-2", *gates(registry))
        secured.ordered("model rollback", "model", "rollback", "--registry", str(registry))
        log = tmp_path / "log.parquet"
        wait_until("what was shown is exported", lambda: _exported(secured, log, capsys) == len(USERS))
        _look_once(secured, broker)
        secured.ordered("experiment stop", "experiment", "stop", "--id", "spring")
        stack.rest.savepoint(job.job_id)
        assert _places_of(stack, job.job_id) == []
    finally:
        stack.rest.cancel(job.job_id)
    _train_reads(broker)
    monkeypatch.setenv("TIDELINE_KAFKA_PROPERTIES_FILE", str(broker.login(RIGHTS["replay"])))
    job.options = {**job.options, "name": "july", "redis_url_file": str(lists.file("replay"))}
    _replay_since(began_ms, secured, capsys)


def _train_reads(broker: SecureBroker) -> None:
    login = broker.login(RIGHTS["model train"])
    assert len(load(f"kafka://{broker.outside}/clickstream", properties=login).names) == len(USERS)


def _replay_since(began_ms: int, secured: Secured, capsys: Captured) -> None:
    secured.job.stack.rest.wait_slots(1)
    capsys.readouterr()
    secured.submit("replay", "--from", str(began_ms - 60_000), "--to", str(int(time.time() * 1000) + 1))
    replayed = json.loads(capsys.readouterr().out)
    assert (replayed["records"], replayed["lists"]) == (2 * len(USERS), len(USERS))


def _places_of(stack: Stack, job_id: str) -> list[str]:
    """Where a secret of the job lies: what Flink wrote and kept, what its REST says, what its processes inherited."""
    text = next(iter(token_keys(stack).values()))
    secrets = (PASSWORD.encode(), text.encode(), bytes.fromhex(text))
    own = stack.root / "token_keys.json"
    files = [path for path in stack.root.rglob("*") if path.is_file() and not path.is_symlink() and path != own]
    places = {str(path): path.read_bytes() for path in files}
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


def _look_once(secured: Secured, broker: SecureBroker) -> None:
    path = broker.login(RIGHTS["experiment watch"])
    argv = ["experiment", "watch", "--id", "spring", "--bootstrap", broker.outside, "--config", str(path)]
    watching = subprocess.Popen(program(argv), stdout=subprocess.PIPE, text=True)
    try:
        assert watching.stdout is not None
        assert "rate" in watching.stdout.readline()
    finally:
        watching.terminate()
        watching.communicate(timeout=PATIENCE_S)


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
