from __future__ import annotations

from itertools import pairwise

import pytest
from kafka.record.memory_records import MemoryRecords

from tideline.scripts.benchmarks.live.freshness import make_ticks
from tideline.scripts.benchmarks.live.traffic import Traffic
from tideline.udfs.core.lists.token_keys import TokenKeys

RATE = 5_000
TRAFFIC = Traffic(
    users=1_000, zipf=0.0, first_ms=1_700_000_000_000, gap_ms=1000 / RATE, keys=TokenKeys({1: b"k" * 32}, 1)
)


def test_ticks_offer_the_rate_evenly_over_the_time() -> None:
    ticks = make_ticks(TRAFFIC, RATE, 2.0)

    records = sum(1 for tick in ticks for batch in tick.batches.values() for _ in MemoryRecords(batch).next_batch())
    assert records == pytest.approx(2 * RATE, rel=0.01)
    assert all(after.due_s - before.due_s == pytest.approx(0.01) for before, after in pairwise(ticks))


def test_about_twenty_five_canaries_a_second_are_due_with_their_tick() -> None:
    ticks = make_ticks(TRAFFIC, RATE, 2.0)

    canaries = [tick for tick in ticks if tick.canary]
    assert len(canaries) == pytest.approx(2 * 25, abs=3)
    assert all(tick.canary and tick.canary.due_s == tick.due_s for tick in canaries)
