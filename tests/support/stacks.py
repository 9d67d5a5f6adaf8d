"""Stacks beside the one that the tests share."""

import subprocess
from pathlib import Path

from tests.support.waiting import PATIENCE_S
from tideline.scripts.localstack import Stack, StackRequest
from tideline.scripts.localstack.paths import FLINK_CONF, REPOSITORY


def command(verb: str, name: str, *more: str) -> subprocess.CompletedProcess[str]:
    argv = [str(REPOSITORY / "scripts" / "stack"), verb, "--name", name, *more]
    return subprocess.run(argv, capture_output=True, text=True, check=False, timeout=PATIENCE_S)


def light(name: str, stack: Stack, conf: Path = FLINK_CONF / "config.test.yaml", taskmanagers: int = 1) -> Stack:
    """A second stack that shares Kafka and Redis with the first: only its Flink is its own."""
    return Stack.up(StackRequest(name, taskmanagers, conf, stack.redis_url, stack.kafka_bootstrap))
