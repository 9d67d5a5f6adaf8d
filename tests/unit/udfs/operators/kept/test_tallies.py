"""What became of the records of a shard: against the little of Flink that it needs."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest

from tests.support.core_world import KEYS, NOON_MS, ArithmeticEncoder
from tests.support.engine_runs import ranking_world
from tests.support.flink_states import MemoryContext
from tideline.schemas.codec import encode_event
from tideline.schemas.errors import ConfigError
from tideline.schemas.events import Event, EventType
from tideline.udfs.core.lists.list_block import decode_block
from tideline.udfs.core.serving.batches.fates import MadeBy, decode_fates, made_by
from tideline.udfs.core.serving.engine import Records, process
from tideline.udfs.operators import stop
from tideline.udfs.operators.batch_rows import EVENTS, Batch
from tideline.udfs.operators.kept.shard_keys import ShardKeys
from tideline.udfs.operators.kept.tallies import Tallies
from tideline.udfs.settings.job_config import JobConfig, ReplayConfig

_COMMON: dict[str, Any] = {
    "bootstrap": "b:1", "redis_url": "redis://h", "encoder": Path(), "token_keys": KEYS.secrets, "generation": 2
}  # fmt: skip
REPLAY = ReplayConfig(name="r", from_ms=1, to_ms=2, **_COMMON)
_SHARD = 5


class Timers:
    """Those of the one shard that is worked on."""

    def __init__(self) -> None:
        self.at: set[int] = set()

    def register_event_time_timer(self, at_ms: int) -> None:
        self.at.add(at_ms)


def add(its: Tallies, timers: Timers, *values: bytes) -> None:
    """Work off a batch, the first record of partition 0, the second of 1 and so on."""
    records = Records([b"u"] * len(values), values, [2**50] * len(values))
    outcome = process(records, lambda users: [None] * len(users), ranking_world(ArithmeticEncoder()))
    count = len(values)
    batch = Batch(EVENTS, records, [_SHARD] * count, list(range(count)), list(range(count)), {})
    its.add(batch, outcome, timers)


def told(its: Tallies) -> tuple[bytes, dict[int, dict[str, int]]]:
    """Return what the writer is given, read."""
    (shard,), (payload,), _ = decode_block(its.told(_SHARD))
    assert payload.startswith(b'{"v":[2,0,')
    assert made_by(payload) == MadeBy("policy")
    return shard, {partition: dict(counts) for partition, counts in decode_fates(payload).items()}


def test_records_are_counted_and_told_at_the_end() -> None:
    """Contract: one timer a shard, at the end of event time; that of no other is taken for it."""
    context, timers = MemoryContext(), Timers()
    its = Tallies(cast("Any", context), ShardKeys(lambda _: None), REPLAY)
    view = encode_event(Event("e", "u", EventType.VIEW, NOON_MS, item_id="i", category="tea"))
    add(its, timers, view, b"?")
    add(its, timers, view)
    assert told(its) == (b"5", {0: {"accepted": 2}, 1: {"bad_magic": 1}})
    (end_ms,) = timers.at
    assert end_ms == 2**63 - 1  # what a bounded source says at its end: the greatest long of Java
    assert (its.is_end(end_ms), its.is_end(end_ms - 1), its.is_end(60_000)) == (True, False, False)


def test_a_restart_goes_on_from_what_was_kept_with_the_users() -> None:
    """Contract: counts go back with the state, so a record that is read again is counted once."""
    context = MemoryContext()
    add(Tallies(cast("Any", context), ShardKeys(lambda _: None), REPLAY), Timers(), b"?", b"")
    timers = Timers()
    restarted = Tallies(cast("Any", context), ShardKeys(lambda _: None), REPLAY)
    add(restarted, timers, b"?")
    assert told(restarted) == (b"5", {0: {"bad_magic": 2}, 1: {"empty": 1}})
    assert timers.at
    assert told(Tallies(cast("Any", context), ShardKeys(lambda _: None), REPLAY)) == told(restarted)


def test_sums_of_another_build_end_the_replay_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """Contract: Flink would restart a bare error, and read the same again, for ever."""
    context = MemoryContext()
    add(Tallies(cast("Any", context), ShardKeys(lambda _: None), REPLAY), Timers(), b"?")
    kept, told = context.values["tally"], list[str]()
    monkeypatch.setattr(stop, "fail_job", lambda _, message: told.append(message))
    for other in (kept.held.replace(b'"f":1', b'"f":9'), b"[]", b"?"):
        kept.held = other
        restarted = Tallies(cast("Any", context), ShardKeys(lambda _: None), REPLAY)
        with pytest.raises(ConfigError, match="format 1, as this build writes it"):
            add(restarted, Timers(), b"?")
    assert [line.startswith("state=") for line in told] == [True] * 3


def test_a_job_that_goes_on_keeps_none() -> None:
    """Contract: its state has the bytes that it had, and no timer more."""
    context, timers = MemoryContext(), Timers()
    add(Tallies(cast("Any", context), ShardKeys(lambda _: None), JobConfig(**_COMMON)), timers, b"?")
    assert (context.values, context.maps, timers.at) == ({}, {}, set())
