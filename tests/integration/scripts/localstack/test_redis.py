"""A Valkey server of one's own."""

import pytest
import redis

from tests.support.live import LiveJob
from tideline.scripts.localstack import Stack

pytestmark = [pytest.mark.integration, pytest.mark.slow]


def test_redis_restarts_at_its_address_with_or_without_its_data(stack: Stack, job: LiveJob) -> None:
    client = redis.Redis.from_url(stack.redis_url)
    client.set("test-stack:kept", "1")
    stack.restart_redis(empty=False)
    assert client.get("test-stack:kept") == b"1"
    stack.restart_redis(empty=True)
    assert client.dbsize() == 0
    client.close()
    job.republish()  # lists of earlier tests are gone too, and later ones count on them
