"""A Flink cluster of local processes."""

import os
import signal
import urllib.request

import pytest

from tests.support.waiting import PATIENCE_S, wait_until
from tideline.scripts.localstack import Stack
from tideline.scripts.localstack.process import wait_gone

pytestmark = [pytest.mark.integration, pytest.mark.slow]


def test_every_flink_process_serves_metrics(stack: Stack) -> None:
    for process, url in stack.prometheus_urls.items():
        with urllib.request.urlopen(url, timeout=PATIENCE_S) as answer:  # noqa: S310 - http, from the stack
            assert b"Status_JVM_Memory_Heap_Used" in answer.read(), process


def test_killed_taskmanager_is_replaced_by_one_with_another_name(stack: Stack) -> None:
    killed = stack.add_taskmanager()  # one of the others may carry a job of the session
    os.kill(killed.pid, signal.SIGKILL)
    assert wait_gone([killed], PATIENCE_S)
    assert stack.replace_lost_taskmanagers() == [killed.name]
    added = stack.taskmanagers[-1]
    assert added.name != killed.name
    assert added.name in stack.rest.taskmanagers()
    wait_until("the loss is noticed", lambda: killed.name not in stack.rest.taskmanagers())
