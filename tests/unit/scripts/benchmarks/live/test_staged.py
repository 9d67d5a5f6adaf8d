"""The clocks are put around functions by name; here it shows when one of them has another name."""

from __future__ import annotations

import tideline.udfs.core.serving.engine
import tideline.udfs.core.serving.signed_lists
import tideline.udfs.operators.interest_rank
import tideline.udfs.operators.kept.batch_users
import tideline.udfs.operators.redis_writer
from tideline.scripts.benchmarks.live.staged import STEPS
from tideline.udfs.io.list_store import ListStore
from tideline.udfs.operators.interest_rank import InterestRank
from tideline.udfs.operators.kept.batch_users import BatchUsers
from tideline.udfs.operators.redis_writer import RedisWriter


def test_every_timed_step_is_a_function_or_method_of_the_job() -> None:
    owners = (
        tideline.udfs.core.serving.engine,
        tideline.udfs.core.serving.signed_lists,
        tideline.udfs.operators.interest_rank,
        tideline.udfs.operators.redis_writer,
        tideline.udfs.operators.kept.batch_users,
        BatchUsers,
        InterestRank,
        RedisWriter,
        ListStore,
    )

    for name in STEPS:
        assert any(callable(getattr(owner, name, None)) for owner in owners), name
