"""Contract: what tests put in the place of a deployment has the methods of the real one, with their parameters."""

from __future__ import annotations

import inspect

import pytest

from tests.support.console_world import MemoryDeployment
from tideline.scripts.console import sources
from tideline.scripts.console.deployment import JobManager, KafkaTopics, PrometheusPages, RedisServer

_PORTS: dict[type[object], type[object]] = {
    sources.MetricPort: PrometheusPages,
    sources.FlinkPort: JobManager,
    sources.RedisPort: RedisServer,
    sources.KafkaPort: KafkaTopics,
}


@pytest.mark.parametrize("port", _PORTS)
def test_the_fake_and_the_real_one_are_asked_alike(port: type[object]) -> None:
    methods = {name: each for name, each in vars(port).items() if inspect.isfunction(each) and not name.startswith("_")}
    assert methods
    for name, declared in methods.items():
        for one in (_PORTS[port], MemoryDeployment):
            assert list(inspect.signature(getattr(one, name)).parameters) == list(
                inspect.signature(declared).parameters
            )
