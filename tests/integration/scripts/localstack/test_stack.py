"""Contract: the stack comes up, is found again, survives breakage and leaves nothing behind."""

import json

import pytest
import redis

from tests.support.stacks import command, light
from tideline.schemas.topics import Topics
from tideline.scripts.commands.topics import ensure_topics
from tideline.scripts.localstack import Stack
from tideline.scripts.localstack.process import alive

pytestmark = [pytest.mark.integration, pytest.mark.slow]


def test_status_tells_every_process_and_address(stack: Stack) -> None:
    done = command("status", stack.name, "--json")
    status = json.loads(done.stdout)
    assert done.returncode == 0
    assert set(status["processes"]) >= {"jobmanager", "redis", "kafka"}
    assert all(part["alive"] for part in status["processes"].values())
    assert status["kafka_bootstrap"] == stack.kafka_bootstrap


def test_topics_are_made_once(stack: Stack) -> None:
    names = Topics().with_suffix("-once")
    made = ensure_topics(stack.kafka, names)
    assert [each.name for each in made] == [*names.by_role().values()]
    assert all(each.made for each in made)
    assert ensure_topics(stack.kafka, names, 16) == [each._replace(made=False) for each in made]


def test_second_stack_runs_beside_the_first_and_goes_without_it(stack: Stack, name: str) -> None:
    with light(name, stack) as second:
        assert second.flink_rest_url != stack.flink_rest_url
        assert len(second.rest.taskmanagers()) == 1
        assert second.kafka_process is None
        root, processes = second.root, second.processes
    assert not root.exists()
    assert not any(alive(process) for process in processes)
    assert all(alive(process) for process in stack.processes)
    with redis.Redis.from_url(stack.redis_url) as client:
        assert client.ping()


def test_absent_stack_is_reported() -> None:
    done = command("status", "absent")
    assert done.returncode == 1
    assert "scripts/stack up --name absent" in done.stderr
