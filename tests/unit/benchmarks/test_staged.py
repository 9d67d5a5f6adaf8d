"""The clocks are put around functions by name; here it shows when one of them has another name."""

from __future__ import annotations

import udfs.core.engine
import udfs.interest_rank
import udfs.redis_writer
from scripts.benchmarks.staged import STEPS
from udfs.interest_rank import InterestRank
from udfs.list_store import ListStore
from udfs.redis_writer import RedisWriter


def test_every_timed_step_is_a_function_or_method_of_the_job() -> None:
    owners = (udfs.core.engine, udfs.interest_rank, udfs.redis_writer, InterestRank, RedisWriter, ListStore)

    for name in STEPS:
        assert any(callable(getattr(owner, name, None)) for owner in owners), name
