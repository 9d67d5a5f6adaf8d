"""Contract: a job on a Redis Cluster has the oracle's lists, while slots move and once a primary is lost."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest

from tests.support.equality import check_equal
from tests.support.live import LiveJob
from tests.support.redis_cluster import Cluster
from tests.support.scenes import scenario
from tests.support.traffic import make_activities, messages
from tests.support.waiting import wait_until
from tideline.scripts.localstack import Stack

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.integration, pytest.mark.slow]


@pytest.fixture
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Three primaries and a replica of each."""
    running = Cluster(tmp_path_factory.mktemp("cluster"), 3)
    yield running
    running.stop()


def test_the_lists_are_the_oracle_s_whatever_becomes_of_the_nodes(stack: Stack, cluster: Cluster) -> None:
    stack.add_taskmanager()
    there = Stack.attach(stack.name)
    there.redis_url = cluster.url(cluster.primaries[1])
    live = LiveJob(there, f"cluster{os.getpid()}")
    live.put_activities(make_activities(40, int(time.time() * 1000)))
    live.start()
    live.produce(messages(scenario(live, 1, "p", events=2_000, users=400)))
    live.drain()
    first, second, _ = cluster.primaries
    assert all(client.dbsize() for port, client in cluster.clients.items() if port in cluster.primaries)

    live.produce(messages(scenario(live, 2, "p", events=2_000, users=400)))
    for slot in range(100):
        cluster.move(slot, first, second)
    live.drain()
    wait_until("a replica has all", lambda: cluster.replicated(first))
    cluster.kill(first)
    live.produce(messages(scenario(live, 3, "p", events=2_000, users=400)))
    wait_until("its replica has taken over", cluster.is_served)
    live.drain()
    live.settle()
    check_equal(live.oracle.lists, live.lists(live.oracle.lists))
    assert live.metrics()["redis_retry"] > 0
    assert there.rest.all_running(live.job_id)
    there.rest.cancel(live.job_id)
