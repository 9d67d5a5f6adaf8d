"""The sink against a real server."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import redis

from tests.contract.conftest import Server
from tideline.udfs.core.lists.list_block import encode_block
from tideline.udfs.core.serving.batches.fates import encode_fates
from tideline.udfs.operators.redis_writer import RedisWriter
from tideline.udfs.settings.job_config import JobConfig, ReplayConfig
from tideline.udfs.settings.option_sources import Loaded
from tideline.udfs.settings.worker_config import WorkerConfig


class Metrics:
    """A metrics group that keeps what it counts."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def get_metrics_group(self) -> Metrics:
        """The group of an operator."""
        return self

    def add_group(self, name: str) -> Metrics:
        """The group inside."""
        return self

    def counter(self, name: str) -> Any:
        """A counter by its name."""
        group = self

        class _Counter:
            def inc(self, count: int) -> None:
                group.counts[name] += count

        return _Counter()


def test_lists_the_popular_one_and_stops_are_in_redis_before_the_row_is_done(server: Server) -> None:
    """Contract: how many were written is returned and counted; a row without lists writes none."""
    config = JobConfig(
        bootstrap="b:1", redis_url=server.url, encoder=Path(), token_keys={1: b"k" * 32}, prefix="writer"
    )
    metrics, writer = Metrics(), RedisWriter(WorkerConfig(Loaded(config, {})))
    writer.open(metrics)
    now_ms = np.array([time.time_ns() // 1_000_000] * 2, np.int64).tobytes()
    lists = [b'{"v":[1,5,1]}', b'{"v":[1,6,1]}']
    stops = b'{"v":[1,7,1],"s":["a"]}'
    assert (
        writer.map((encode_block(["ann", "bob"], lists), now_ms, encode_block([""], [b'{"v":[1,9,1]}']), b"", b"", b""))
        == 2
    )
    assert writer.map((b"", b"", b"", stops, b"", b"")) == 0
    assert writer.map((encode_block(["ann", "bob"], [lists[0], b'{"v":[1,4,1]}']), now_ms, b"", b"", b"", b"")) == 2
    writer.close()
    client = redis.Redis.from_url(server.url)
    stored = {client.get(key) for key in client.scan_iter("writer*")}
    client.close()
    assert stored == {*lists, b'{"v":[1,9,1]}', stops}
    counted = {name: metrics.counts[name] for name in ("redis_written", "redis_same", "redis_older", "list_ms")}
    assert counted == {"redis_written": 2, "redis_same": 1, "redis_older": 1, "list_ms": 4}


def test_the_lists_of_a_row_go_to_their_placements(server: Server) -> None:
    """Contract: latency is that of the user's update, counted once; each list that is written is counted."""
    config = JobConfig(
        bootstrap="b:1", redis_url=server.url, encoder=Path(), token_keys={1: b"k" * 32}, prefix="places"
    )
    metrics, writer = Metrics(), RedisWriter(WorkerConfig(Loaded(config, {})))
    writer.open(metrics)
    now_ms = np.array([time.time_ns() // 1_000_000], np.int64).tobytes()
    lists = [b'{"v":[1,7,%d]}' % at for at in range(4)]
    placed, popular = encode_block(["ann"], lists[:1], {"cart": lists[1:2]}), encode_block(["", "cart"], lists[2:])
    assert writer.map((placed, now_ms, popular, b"", b"", b"")) == 2
    writer.close()
    with redis.Redis.from_url(server.url) as client:
        keys = ("list:ann", "place:cart:ann", "popular", "popular:cart")
        assert client.mget([f"places:{key}" for key in keys]) == lists
    assert (metrics.counts["redis_written"], metrics.counts["list_ms"]) == (2, 1)


def test_what_became_of_a_shards_records_is_told_beside_the_lists(server: Server) -> None:
    """Contract: under the number of the shard, in a replay's own namespace; it is no list."""
    config = ReplayConfig(
        name="july", from_ms=1, to_ms=2, bootstrap="b:1", redis_url=server.url, encoder=Path(),
        token_keys={1: b"k" * 32}, prefix="told",
    )  # fmt: skip
    writer, payload = RedisWriter(WorkerConfig(Loaded(config, {}))), encode_fates({0: Counter(accepted=3)}, 1)
    writer.open(Metrics())
    assert writer.map((b"", b"", b"", b"", encode_block(["-7"], [payload]), b"")) == 0
    writer.close()
    with redis.Redis.from_url(server.url) as client:
        assert client.get("told@july:tally:-7") == payload
        assert [*client.scan_iter("told*")] == [b"told@july:tally:-7"]
