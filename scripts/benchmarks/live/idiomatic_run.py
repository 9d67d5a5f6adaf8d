"""Lets the idiomatic job work off a topic on a stack."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tideline.scripts.benchmarks.live.peers import event_body
from tideline.scripts.benchmarks.live.rates import Sample, steady_rate
from tideline.scripts.benchmarks.progress import say
from tideline.scripts.localstack import StackError

if TYPE_CHECKING:
    from tideline.schemas.topics import Topics
    from tideline.scripts.benchmarks.live.arena import Arena

_ENTRY = Path(__file__).resolve().with_name("idiomatic.py")
_WITHIN_S = 240.0


def start_idiomatic(stage: Arena, topics: Topics, group: str, parallelism: int) -> str:
    """Submit it and return its id; what it imports besides the product is put where the workers look."""
    inside = Path(*event_body.__name__.split(".")).with_suffix(".py")
    target = stage.stack.root / "job" / "packages" / inside
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(event_body.__file__, target)
    return stage.start(topics, {"parallelism": str(parallelism), "group_id": group}, _ENTRY)


def idiomatic_rate(stage: Arena, topics: Topics, name: str, events: int, parallelism: int) -> float:
    """Return the events a second at which it works off the first events of a topic.

    Raises:
        StackError: it has not after minutes.
    """
    job_id = start_idiomatic(stage, topics, f"idiomatic-{name}-{parallelism}", parallelism)
    samples: list[Sample] = []
    deadline_s = time.monotonic() + _WITHIN_S
    while not samples or samples[-1].events < events:
        if time.monotonic() > deadline_s:
            reason = stage.stack.rest.root_exception(job_id)
            raise StackError(f"the idiomatic job wrote {samples[-1].events:g} lists of {events}\n{reason}")
        time.sleep(1.0)
        samples.append(Sample(time.monotonic(), stage.evals()))
    stage.stack.rest.cancel(job_id)
    rate = steady_rate(samples, events)
    say(f"{name}, idiomatic, {parallelism} TaskManager(s): {rate:,.0f} events/s")
    return rate
