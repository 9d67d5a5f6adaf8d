"""The live or the idiomatic job on a stack whose TaskManagers are killed; Flink restores it by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tideline.scripts.benchmarks.live.idiomatic_run import start_idiomatic
from tideline.scripts.benchmarks.live.peers.peer_processes import IDIOMATIC
from tideline.scripts.localstack import StackError

if TYPE_CHECKING:
    from tideline.schemas.topics import Topics
    from tideline.scripts.benchmarks.live.arena import Arena


class FlinkJob:
    """A job with a subtask for each TaskManager; as a context manager it runs inside and is cancelled at the end."""

    def __init__(self, stage: Arena, way: str, topics: Topics) -> None:
        """Nothing is submitted yet; `way` is LIVE or IDIOMATIC."""
        self._stage, self._way, self._topics = stage, way, topics
        self._job_id, self._restored = "", 0

    def __enter__(self) -> FlinkJob:
        stage, topics, count = self._stage, self._topics, len(self._stage.stack.taskmanagers)
        if self._way == IDIOMATIC:
            self._job_id = start_idiomatic(stage, topics, topics.clickstream, count)
        else:
            self._job_id = stage.start(topics, {"start": "earliest", "parallelism": str(count)})
        stage.stack.rest.wait_running(self._job_id)
        return self

    def __exit__(self, *_: object) -> None:
        self._stage.stack.rest.cancel(self._job_id)

    def save(self) -> None:
        """Have a checkpoint made: one comes each 30 s, and these events last that long."""
        self._stage.stack.rest.checkpoint(self._job_id)

    def kill_and_start(self) -> None:
        """End all TaskManagers as kill -9 does, and start as many; the job is left to Flink."""
        stack, rest = self._stage.stack, self._stage.stack.rest
        self._restored = rest.checkpoints(self._job_id).restored
        count = len(stack.taskmanagers)
        for _ in range(count):
            stack.kill_taskmanager()
        for _ in range(count):
            stack.add_taskmanager()

    def wait_back(self) -> None:
        """Return once every subtask runs again.

        Raises:
            StackError: the job has ended, or did not begin with a checkpoint.
        """
        rest = self._stage.stack.rest
        rest.wait_running(self._job_id)
        if rest.checkpoints(self._job_id).restored <= self._restored:
            raise StackError(f"{self._way}: no checkpoint was restored after a kill")
