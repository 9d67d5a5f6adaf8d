"""Seconds until a ranker's policy is ready, beside a policy topic of any age."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, TypedDict

import numpy as np

from tideline.schemas.topics import Topics
from tideline.scripts.benchmarks.live.arena import arena
from tideline.scripts.benchmarks.live.kafka_batches import BatchProducer, encode_batch, make_policy_topic
from tideline.scripts.benchmarks.live.memory import make_ranker
from tideline.scripts.benchmarks.live.traffic import activities
from tideline.scripts.benchmarks.progress import say
from tideline.scripts.commands.package import ROOT
from tideline.udfs.core.policies.arm_key import PRIOR_ID, ArmKey, RowKey
from tideline.udfs.core.policies.policy_table import cold_row, encode_row
from tideline.udfs.io.longer_log import read_policy
from tideline.udfs.operators.ranker_feed import RankerFeed

if TYPE_CHECKING:
    from tideline.scripts.benchmarks.live.arena import Arena
    from tideline.udfs.core.serving.ranker_state import RankerState

PUBLISHED_EVERY_MS = 2_000
_ENCODER = ROOT / "models" / "artefacts" / "demo-1"


class Figures(TypedDict):
    """What the benchmark prints; `scripts/parsers/bench_keys.py` says what each is."""

    start_s: float
    rows: int
    keys: int
    policy_version: int


def measure(rows: int) -> Figures:
    """Fill a policy topic as a learner does that publishes 200 activities every 2 s, and start a ranker's policy."""
    with arena("start", 1) as stage:
        now_ms = int(time.time() * 1000)
        ranker = make_ranker(stage.keys, now_ms)
        topic = Topics().policy + "-start"
        began_s = time.monotonic()
        written = _fill(stage, topic, ranker, rows, now_ms)
        say(f"{written:,} rows in topic {topic}, {time.monotonic() - began_s:.0f} s")
        read = partial(read_policy, stage.stack.kafka, topic, PUBLISHED_EVERY_MS)
        feed = RankerFeed(ranker, "cpu", read, lambda _: (), lambda _: None)
        began_s = time.monotonic()
        feed.start_policy()
        ready_s = time.monotonic() - began_s
    return {
        "start_s": round(ready_s, 2),
        "rows": written,
        "keys": len(feed.state.tables.deployed.rows),
        "policy_version": feed.state.version,
    }


def _fill(stage: Arena, topic: str, ranker: RankerState, rows: int, now_ms: int) -> int:
    """Write publications up to now, one batch each; return the number of rows."""
    make_policy_topic(stage.stack.kafka, topic)
    names = [*(activity.activity_id for activity in activities(now_ms)), PRIOR_ID]
    publication = [(RowKey(ArmKey(ranker.encoder.version, name)).value, _row(ranker, name)) for name in names]
    count = max(rows // len(names), 1)
    with BatchProducer(stage.stack.kafka_bootstrap, topic) as producer:
        for number in range(count):
            at_ms = now_ms - (count - number) * PUBLISHED_EVERY_MS
            producer.send({0: encode_batch(publication, at_ms)})
    return count * len(names)


def _row(ranker: RankerState, name: str) -> bytes:
    theta = np.random.default_rng(len(name)).integers(-(2**24), 2**24, (3, 16))
    return encode_row(cold_row()._replace(encoder=ranker.encoder.version, impressions=100.0, theta=theta), name)
