"""Contract: the stack comes up, is found again, survives breakage and leaves nothing behind."""

import json
import os
import signal
import subprocess
import urllib.request
from collections.abc import Iterator

import pytest
import redis

from tests.support.waiting import PATIENCE_S, wait_until
from tideline.schemas.topics import Topics
from tideline.scripts.commands.topics import ensure_topics
from tideline.scripts.localstack import Stack, StackError
from tideline.scripts.localstack.paths import FLINK_CONF, REPOSITORY
from tideline.scripts.localstack.process import alive, send, wait_gone

pytestmark = [pytest.mark.integration, pytest.mark.slow]


@pytest.fixture
def name() -> Iterator[str]:
    """A stack name of the test's own; whatever it leaves under that name is taken down."""
    mine = f"own-{os.getpid()}"
    yield mine
    command("down", mine)


def command(verb: str, name: str, *more: str) -> subprocess.CompletedProcess[str]:
    argv = [str(REPOSITORY / "scripts" / "stack"), verb, "--name", name, *more]
    return subprocess.run(argv, capture_output=True, text=True, check=False, timeout=PATIENCE_S)


def light(name: str, stack: Stack) -> Stack:
    """A second stack that shares Kafka and Redis with the first: only its Flink is its own."""
    return Stack.up(name, conf=FLINK_CONF / "config.test.yaml", redis_url=stack.redis_url, kafka=stack.kafka_bootstrap)


def test_status_tells_every_process_and_address(stack: Stack) -> None:
    done = command("status", stack.name, "--json")
    status = json.loads(done.stdout)
    assert done.returncode == 0
    assert set(status["processes"]) >= {"jobmanager", "redis", "kafka"}
    assert all(part["alive"] for part in status["processes"].values())
    assert status["kafka_bootstrap"] == stack.kafka_bootstrap


def test_topics_are_made_once(stack: Stack) -> None:
    names = Topics().with_suffix("-once")
    assert set(ensure_topics(stack.kafka_bootstrap, names, {})) == set(names.by_role().values())
    assert ensure_topics(stack.kafka_bootstrap, names, {}) == []


def test_every_flink_process_serves_metrics(stack: Stack) -> None:
    for process, url in stack.prometheus_urls.items():
        with urllib.request.urlopen(url, timeout=PATIENCE_S) as answer:  # noqa: S310 - http, from the stack
            assert b"Status_JVM_Memory_Heap_Used" in answer.read(), process


def test_killed_taskmanager_is_replaced_by_one_with_another_name(stack: Stack) -> None:
    killed = stack.taskmanagers[0]
    os.kill(killed.pid, signal.SIGKILL)
    assert wait_gone([killed], PATIENCE_S)
    assert stack.replace_lost_taskmanagers() == [killed.name]
    added = stack.taskmanagers[-1]
    assert added.name != killed.name
    assert added.name in stack.rest.taskmanagers()
    wait_until("the loss is noticed", lambda: killed.name not in stack.rest.taskmanagers())


def test_job_that_no_slot_is_free_for_is_refused_with_what_to_do(stack: Stack) -> None:
    """Contract: one slot more than there are is refused, however many of them are being freed just now."""
    there_are = stack.rest.get("/overview")["slots-total"]
    stack.rest.wait_slots(0)
    with pytest.raises(StackError, match=rf"^\d+ slots are free, {there_are + 1} needed; scripts/stack add"):
        stack.rest.wait_slots(there_are + 1, timeout_s=0.5)


def test_redis_restarts_at_its_address_with_or_without_its_data(stack: Stack) -> None:
    client = redis.Redis.from_url(stack.redis_url)
    client.set("test-stack:kept", "1")
    stack.restart_redis(empty=False)
    assert client.get("test-stack:kept") == b"1"
    stack.restart_redis(empty=True)
    assert client.dbsize() == 0
    client.close()


def test_second_stack_runs_beside_the_first_and_goes_without_it(stack: Stack, name: str) -> None:
    with light(name, stack) as second:
        assert second.flink_rest_url != stack.flink_rest_url
        assert len(second.rest.taskmanagers()) == 1
        assert second.kafka_process is None
        root, processes = second.root, second.processes
    assert not root.exists()
    assert not any(alive(process) for process in processes)
    assert all(alive(process) for process in stack.processes)
    assert redis.Redis.from_url(stack.redis_url).ping()


def test_leftover_of_a_crash_is_replaced(stack: Stack, name: str) -> None:
    """Contract: with some processes dead and some alive, `up` ends the live ones and starts afresh."""
    broken = light(name, stack)
    send(broken.processes[0], signal.SIGKILL)
    status = command("status", name)
    fresh = light(name, stack)
    assert status.returncode == 1
    assert not any(alive(process) for process in broken.processes)
    assert all(alive(process) for process in fresh.processes)
    fresh.down()


def test_up_of_a_complete_stack_attaches_to_it(stack: Stack) -> None:
    assert Stack.up(stack.name).processes == stack.processes


def test_address_where_nobody_listens_is_reported_and_nothing_is_left(
    stack: Stack, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tideline.scripts.localstack.launch.READY_WITHIN_S", 2.0)
    with pytest.raises(StackError, match=r"Kafka at 127\.0\.0\.1:1 was not ready"):
        Stack.up(name, redis_url=stack.redis_url, kafka="127.0.0.1:1")
    assert not any(alive(process) for process in Stack.attach(name).processes)


def test_absent_stack_is_reported() -> None:
    done = command("status", "absent")
    assert done.returncode == 1
    assert "scripts/stack up --name absent" in done.stderr
