"""Stacks beside the one that the tests share."""

import subprocess

from tests.support.waiting import PATIENCE_S
from tideline.scripts.localstack import Stack
from tideline.scripts.localstack.paths import FLINK_CONF, REPOSITORY


def command(verb: str, name: str, *more: str) -> subprocess.CompletedProcess[str]:
    argv = [str(REPOSITORY / "scripts" / "stack"), verb, "--name", name, *more]
    return subprocess.run(argv, capture_output=True, text=True, check=False, timeout=PATIENCE_S)


def light(name: str, stack: Stack) -> Stack:
    """A second stack that shares Kafka and Redis with the first: only its Flink is its own."""
    return Stack.up(name, conf=FLINK_CONF / "config.test.yaml", redis_url=stack.redis_url, kafka=stack.kafka_bootstrap)
