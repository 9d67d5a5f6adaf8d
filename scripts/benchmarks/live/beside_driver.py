"""Runs the live job of whatever tree it is started in, when it is told to: the two sides of `scripts/bench beside`.

    python -P .../beside_driver.py TASKMANAGERS EVENTS '{"uniform": 0.0, "zipf": 1.1}'

Started in the folder of a tree, by its Python, with PYTHONPATH there. It imports nothing by name: what the tree's
benchmarks are called differs, and `parts` knows what they were called before. Lines of standard input are names of
traffic; of each, and of the start, one line of standard output says that it is done.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import replace
from importlib import import_module
from typing import Any, NamedTuple

READY, RAN, LACKS = "READY ", "RAN ", "LACKS "
_ROOMS = ("tideline.scripts.benchmarks.live", "scripts.benchmarks")
"""What the folder of these benchmarks is called, and was."""


class Parts(NamedTuple):
    """What is taken of a tree: a context manager of a stack, and what makes topics with traffic in them."""

    arena: Any
    prepare: Any


def parts() -> Parts:
    """Return them.

    Raises:
        LookupError: the tree has none that can be driven; says what it lacks.
    """
    for room in _ROOMS:
        try:
            arena: Any = import_module(f"{room}.arena")
            throughput = import_module(f"{room}.throughput")
        except ModuleNotFoundError:
            continue
        prepare = getattr(throughput, "prepare", None) or getattr(throughput, "_prepare", None)
        for owner, name in ((arena, "arena"), (arena.Arena, "start"), (arena.Arena, "watch"), (arena.Arena, "topics")):
            if not hasattr(owner, name):
                raise LookupError(f"{room}.arena with {name}")
        if prepare is None:
            raise LookupError(f"{room}.throughput with prepare")
        # A look at a job is work for it: 2.7 of 119 us an event each second. Former trees look so often.
        arena.SAMPLE_S = 1.0
        return Parts(arena.arena, prepare)
    raise LookupError(f"{_ROOMS[0]}.arena and .throughput, or the same of {_ROOMS[1]}")


def run(stage: Any, filled: Any, number: int, taskmanagers: int, events: int) -> list[list[Any]]:
    """Return [seconds, events until then, CPU seconds by process] as they were looked at in a run on its own topics."""
    own = stage.topics(f"{filled.clickstream}-{number}", int(time.time() * 1000))
    options = {"start": "earliest", "parallelism": str(taskmanagers)}
    job_id = stage.start(replace(own, clickstream=filled.clickstream), options)
    ran = stage.watch(job_id, events)
    stage.stack.rest.cancel(job_id)
    return [[each.at_s, each.events, cpu] for each, cpu in zip(ran.samples, ran.cpu_s, strict=True)]


def main(argv: list[str]) -> int:
    """Do what standard input says until it ends; the stack is down then."""
    taskmanagers, events, traffic = int(argv[1]), int(argv[2]), json.loads(argv[3])
    try:
        found = parts()
    except LookupError as error:
        print(f"{LACKS}{error.args[0]}", flush=True)
        return 1
    with found.arena("beside", taskmanagers) as stage:
        filled = {name: found.prepare(stage, name, zipf, events) for name, zipf in traffic.items()}
        print(READY, flush=True)
        for number, line in enumerate(sys.stdin):
            samples = run(stage, filled[line.strip()], number, taskmanagers, events)
            print(f"{RAN}{json.dumps(samples)}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
