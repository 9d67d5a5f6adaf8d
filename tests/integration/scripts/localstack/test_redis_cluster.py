"""A Redis Cluster as part of a stack."""

import pytest

from tideline.scripts.commands.redis_target import client_of
from tideline.scripts.localstack import Stack, StackRequest
from tideline.scripts.localstack.process import alive

pytestmark = [pytest.mark.integration, pytest.mark.slow]


def test_a_cluster_in_the_place_of_one_redis_serves_all_slots(name: str) -> None:
    """Contract: any node's URL is the stack's, its nodes are processes of it, and nothing of them is left."""
    with Stack.up(StackRequest(name, redis_cluster=3)) as sharded:
        nodes = [process for process in sharded.processes if process.name.startswith("redis-")]
        with client_of(sharded.redis_url) as client:
            for number in range(50):
                client.set(f"key-{number}", number)
            assert client.mget([f"key-{number}" for number in range(50)]) == [b"%d" % number for number in range(50)]
        assert len(nodes) == 3
        assert sharded.redis_process is None
    assert not any(alive(process) for process in nodes)
