"""A picture of one second of a load, and where the time of its lists goes, of a job that notes what it does."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tideline.scripts.benchmarks.live.second import cores, noted
from tideline.scripts.benchmarks.live.second.second_picture import picture, worst_second
from tideline.scripts.benchmarks.live.second.told import checkpoints, parts_of, pauses, spans, steps, ways
from tideline.scripts.benchmarks.progress import say
from tideline.scripts.localstack.flink import configured

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tideline.scripts.benchmarks.live.arena import Arena
    from tideline.scripts.benchmarks.live.second.cores import Looked

_OPTIONS = "env.java.opts.taskmanager"


class Second(NamedTuple):
    """What `one_second` finds."""

    lines: list[str]
    """The picture of the second whose lists were latest."""
    parts_ms: dict[str, dict[str, float]]
    """`told.parts_of` of all batches of the load."""


def settings_with_pauses(folder: Path) -> Path:
    """Write settings with which TaskManagers log their pauses into a folder; return their file."""
    options = f"{configured(_OPTIONS)} -Xlog:safepoint:file={folder}/pauses.%p.log:tm"
    path = folder / "pauses.yaml"
    path.write_text(f"{_OPTIONS}: {json.dumps(options)}\n")
    return path


def noting_entry(folder: Path) -> Path:
    """Return what to submit in place of the job, so that it notes into a folder."""
    return Path(shutil.copy(noted.__file__, folder / "noted.py"))


@contextmanager
def watched(stage: Arena) -> Iterator[Callable[[], list[Looked]]]:
    """Look who has a core, of the stack and of this process, until what is yielded is called, which returns it."""
    pids = {each.name: each.pid for each in stage.stack.processes} | {"benchmark": os.getpid()}
    forking = multiprocessing.get_context("fork")
    stopped, stopping = forking.Pipe(duplex=False)
    receiving, sending = forking.Pipe(duplex=False)
    looker = forking.Process(target=cores.keep_looking, args=(pids, stopped, sending))
    looker.start()

    def found() -> list[Looked]:
        stopping.send(None)
        looked: list[Looked] = receiving.recv()
        return looked

    try:
        yield found
    finally:
        looker.terminate()
        looker.join()


def one_second(
    stage: Arena, folder: Path, options: dict[str, str], send: Callable[[str], Sequence[tuple[float, float]]]
) -> Second:
    """Run a job of these options that notes into `folder`, and return what it was like.

    The stack has the settings of `settings_with_pauses`. `send` sends a load to a topic and returns when each event was
    due (epoch ms) and how late its list was (ms); the time from the first to the last of them is what counts.
    """
    say("once more with a job that notes what it does")
    topics = stage.topics("second", int(time.time() * 1000))
    job_id = stage.start(topics, options, noting_entry(folder))
    stage.stack.rest.wait_running(job_id)
    names = {each.pid: each.name.replace("taskmanager-", "tm ") for each in stage.stack.processes}
    with watched(stage) as found:
        latencies_ms = send(topics.clickstream)
        looked = found()
    history = stage.stack.rest.get(f"/jobs/{job_id}/checkpoints")["history"]
    stage.stack.rest.cancel(job_id)
    told = steps(folder, names)
    went_on = [*spans(told), *checkpoints(history)]
    for path in folder.glob("pauses.*.log"):
        went_on += pauses(names[int(path.name.split(".")[1])], path.read_text())
    begin_ms = worst_second(latencies_ms)
    lines = picture(begin_ms, went_on, latencies_ms, looked)
    due_ms = [each[0] for each in latencies_ms]
    return Second(lines, parts_of(ways(told, min(due_ms), max(due_ms))))
