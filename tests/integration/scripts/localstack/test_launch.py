"""Starting what is missing, and nothing left behind where that fails."""

import signal

import pytest

from tests.support.stacks import command, light
from tideline.scripts.localstack import Stack, StackError, StackRequest
from tideline.scripts.localstack.process import alive, send

pytestmark = [pytest.mark.integration, pytest.mark.slow]


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
    assert Stack.up(StackRequest(stack.name)).processes == stack.processes


def test_address_where_nobody_listens_is_reported_and_nothing_is_left(
    stack: Stack, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tideline.scripts.localstack.launch.READY_WITHIN_S", 2.0)
    with pytest.raises(StackError, match=r"Kafka at 127\.0\.0\.1:1 was not ready"):
        Stack.up(StackRequest(name, redis_url=stack.redis_url, kafka="127.0.0.1:1"))
    assert not any(alive(process) for process in Stack.attach(name).processes)
