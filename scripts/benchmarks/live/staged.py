"""The live job with a clock around each of its steps; submitted in place of it, its lists are the same.

The clock counts CPU time of the thread, so that waiting for the interpreter lock or for a core is nobody's. Nested
steps count once, for the inner one. The product's code has no clock in it: functions are wrapped here, by name.
"""

from __future__ import annotations

import sys
import time
from functools import wraps
from typing import TYPE_CHECKING, Any

import tideline.jobs.topology
import tideline.udfs.core.serving.engine
import tideline.udfs.core.serving.signed_lists
import tideline.udfs.operators.interest_rank
import tideline.udfs.operators.kept.batch_users
import tideline.udfs.operators.redis_writer
from tideline.jobs.interest_job import main
from tideline.udfs.operators.interest_rank import InterestRank
from tideline.udfs.operators.metrics import GROUP
from tideline.udfs.operators.redis_writer import RedisWriter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

    from pyflink.common import Row
    from pyflink.datastream.functions import RuntimeContext

STEPS = {
    "read_batch": "read_batch",
    "decode_events": "decode",
    "set_robots_aside": "guard",
    "_merge": "merge",
    "_attribute": "attribute",
    "encode": "encode",
    "eligible": "eligible",
    "rank_arms": "rank",
    "mint": "token",
    "payloads": "payload",
    "decode_states": "state_decode",
    "encode_states": "state_encode",
    "load": "state_get",
    "store": "state_put",
    "_row": "output_row",
    "process": "engine_rest",
    "process_element": "operator_rest",
    "decode_block": "writer_decode",
    "write": "redis_client",
    "map": "writer_rest",
}
"""Stage by the name of the function or method that is timed."""


class Clock:
    """CPU nanoseconds by stage of one operator, shown as counters in the job's own group: a scrape gets no other."""

    def __init__(self, context: RuntimeContext) -> None:
        group = context.get_metrics_group().add_group(GROUP)
        self._counters = {name: group.counter(f"stages_{stage}_ns") for name, stage in STEPS.items()}
        self._inner_ns: list[int] = []

    def timed(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function with a clock around it."""
        counter, inner, now_ns = self._counters[name], self._inner_ns, time.thread_time_ns

        @wraps(function)
        def run(*args: Any, **kwargs: Any) -> Any:
            inner.append(0)
            started_ns = now_ns()
            try:
                return function(*args, **kwargs)
            finally:
                spent_ns = now_ns() - started_ns
                counter.inc(spent_ns - inner.pop())
                if inner:
                    inner[-1] += spent_ns

        return run

    def wrap(self, owner: ModuleType | object, *names: str) -> None:
        """Put a clock around functions of a module or methods of an object."""
        for name in names:
            setattr(owner, name, self.timed(name, getattr(owner, name)))


class TimedRank(InterestRank):
    """The ranking operator, timed."""

    def open(self, context: RuntimeContext) -> None:
        """Open, then wrap."""
        super().open(context)
        clock = Clock(context)
        functions = (
            "decode_events",
            "set_robots_aside",
            "_merge",
            "_attribute",
            "encode",
            "eligible",
            "rank_arms",
        )
        clock.wrap(tideline.udfs.core.serving.engine, *functions, "decode_states", "encode_states")
        clock.wrap(tideline.udfs.core.serving.signed_lists, "mint", "payloads")
        clock.wrap(tideline.udfs.operators.interest_rank, "read_batch")
        clock.wrap(tideline.udfs.operators.kept.batch_users, "process")
        clock.wrap(self._users, "load", "store")
        clock.wrap(self, "_row")
        self._rows = clock.timed("process_element", lambda row, ctx: list(InterestRank.process_element(self, row, ctx)))

    def process_element(self, row: Row, ctx: Any) -> Iterator[Row]:
        """Process a batch under the clock."""
        yield from self._rows(row, ctx)


class TimedWriter(RedisWriter):
    """The Redis writer, timed."""

    def open(self, context: RuntimeContext) -> None:
        """Open, then wrap."""
        super().open(context)
        clock = Clock(context)
        clock.wrap(tideline.udfs.operators.redis_writer, "decode_block")
        clock.wrap(self._store, "write")
        clock.wrap(self, "map")


if __name__ == "__main__":
    topology: Any = tideline.jobs.topology
    topology.InterestRank, topology.RedisWriter = TimedRank, TimedWriter
    sys.exit(main(sys.argv[1:]))
