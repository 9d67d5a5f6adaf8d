"""The parts of Flink's REST interface that tests, demo and benchmarks use."""

from __future__ import annotations

import json
import re
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tideline.scripts.localstack.errors import StackError

_TIMEOUT_S = 60.0
PATIENCE_S = 300.0
"""For what a sound cluster always comes to, however busy the machine is: only a failure waits this long."""
_POLL_INTERVAL_S = 0.2
_STARTING = "Please try to refresh"
"""Of a 404: the REST server is up, the part of the JobManager behind it is not."""
TERMINAL_STATES = frozenset({"FINISHED", "CANCELED", "FAILED"})


@dataclass(frozen=True)
class Checkpoints:
    """Checkpoint counts of a job since it was submitted."""

    completed: int
    failed: int
    in_progress: int
    restored: int


@dataclass(frozen=True)
class FlinkRest:
    """Client of one JobManager.

    Every method raises OSError while the JobManager cannot be reached and StackError for an answer that is an error.
    """

    url: str
    timeout_s: float = _TIMEOUT_S

    def get(self, path: str) -> Any:
        """The JSON document at `path`."""
        return self._call("GET", path)

    def taskmanagers(self) -> list[str]:
        """Resource ids of the registered TaskManagers."""
        return [entry["id"] for entry in self.get("/taskmanagers")["taskmanagers"]]

    def wait_slots(self, needed: int, timeout_s: float = 15.0) -> None:
        """Returns when so many slots are free; StackError when that does not come, for a job would wait for ever."""
        deadline = time.monotonic() + timeout_s
        while (free := self.get("/overview")["slots-available"]) < needed:
            if time.monotonic() > deadline:
                raise StackError(f"{free} slots are free, {needed} needed; scripts/stack add starts a TaskManager")
            time.sleep(_POLL_INTERVAL_S)

    def jobs(self) -> dict[str, str]:
        """State by job id, of running and ended jobs."""
        return {job["id"]: job["status"] for job in self.get("/jobs")["jobs"]}

    def job_id(self, name: str) -> str:
        """Id of the youngest job with this name.

        Raises:
            StackError: There is none.
        """
        found = [job for job in self.get("/jobs/overview")["jobs"] if job["name"] == name]
        if not found:
            raise StackError(f"no job named {name!r} at {self.url}")
        return str(max(found, key=lambda job: job["start-time"])["jid"])

    def job_state(self, job_id: str) -> str:
        """Such as RUNNING, RESTARTING, FINISHED, CANCELED or FAILED."""
        return str(self.get(f"/jobs/{job_id}/status")["status"])

    def all_running(self, job_id: str) -> bool:
        """Whether the job and every one of its subtasks run; a job is RUNNING before its tasks are."""
        return runs(self.get(f"/jobs/{job_id}"))

    def wait_running(self, job_id: str, timeout_s: float = PATIENCE_S) -> None:
        """Returns when every subtask runs; StackError with the root exception when that does not come."""
        deadline = time.monotonic() + timeout_s
        while not self.all_running(job_id):
            state = self.job_state(job_id)
            if state in TERMINAL_STATES or time.monotonic() > deadline:
                raise StackError(f"job {job_id} is {state}, not running\n{self.root_exception(job_id)}")
            time.sleep(_POLL_INTERVAL_S)

    def wait_state(self, job_id: str, wanted: Iterable[str], timeout_s: float = PATIENCE_S) -> str:
        """The job's state as soon as it is one of `wanted`; StackError when it ends otherwise or time is up."""
        allowed = set(wanted)
        deadline = time.monotonic() + timeout_s
        while (state := self.job_state(job_id)) not in allowed:
            if state in TERMINAL_STATES or time.monotonic() > deadline:
                raise StackError(f"job {job_id} is {state}, not {sorted(allowed)}\n{self.root_exception(job_id)}")
            time.sleep(_POLL_INTERVAL_S)
        return state

    def root_exception(self, job_id: str) -> str:
        """Stack trace of the job's latest failure, empty when there was none."""
        entries = self.get(f"/jobs/{job_id}/exceptions")["exceptionHistory"]["entries"]
        return str(entries[0]["stacktrace"]) if entries else ""

    def checkpoints(self, job_id: str) -> Checkpoints:
        """Checkpoint counts; `restored` grows by one with each restart from a checkpoint."""
        counts = self.get(f"/jobs/{job_id}/checkpoints")["counts"]
        return Checkpoints(counts["completed"], counts["failed"], counts["in_progress"], counts["restored"])

    def wait_checkpoints(self, job_id: str, more: int, timeout_s: float = PATIENCE_S) -> int:
        """Waits for `more` further completed checkpoints; returns how many are completed then."""
        deadline = time.monotonic() + timeout_s
        wanted = self.checkpoints(job_id).completed + more
        while (completed := self.checkpoints(job_id).completed) < wanted:
            if time.monotonic() > deadline:
                raise StackError(f"job {job_id}: {completed} checkpoints after {timeout_s:.0f} s, wanted {wanted}")
            time.sleep(_POLL_INTERVAL_S)
        return completed

    def checkpoint(self, job_id: str, timeout_s: float = PATIENCE_S) -> dict[str, Any]:
        """Has a checkpoint made now; returns what Flink tells of it: external_path, state_size, ..."""
        trigger = self._call("POST", f"/jobs/{job_id}/checkpoints", {"checkpointType": "CONFIGURED"})["request-id"]
        self._done(job_id, "checkpoints", trigger, timeout_s)
        found: dict[str, Any] = self.get(f"/jobs/{job_id}/checkpoints")["latest"]["completed"]
        return found

    def vertices(self, job_id: str) -> dict[str, str]:
        """Vertex id by vertex name."""
        return {vertex["name"]: vertex["id"] for vertex in self.get(f"/jobs/{job_id}")["vertices"]}

    def metric_names(self, job_id: str, vertex_id: str) -> list[str]:
        """Names of the metrics a vertex has, each prefixed by its subtask and operator."""
        return [entry["id"] for entry in self.get(f"/jobs/{job_id}/vertices/{vertex_id}/metrics")]

    def metrics(self, job_id: str, vertex_id: str, names: Iterable[str]) -> dict[str, float]:
        """Values of a vertex's numeric metrics by the names that `metric_names` gave; absent ones are left out."""
        wanted = urllib.parse.quote(",".join(names))
        entries = self.get(f"/jobs/{job_id}/vertices/{vertex_id}/metrics?get={wanted}")
        return {entry["id"]: float(entry["value"]) for entry in entries}

    def cancel(self, job_id: str, timeout_s: float = PATIENCE_S) -> None:
        """Cancels the job and waits until it has ended (its last checkpoint is kept)."""
        self._call("PATCH", f"/jobs/{job_id}?mode=cancel")
        self.wait_state(job_id, TERMINAL_STATES, timeout_s)

    def savepoint(self, job_id: str, cancel: bool = False, timeout_s: float = PATIENCE_S) -> str:
        """Takes a savepoint, cancelling the job with it if asked; returns its location."""
        return self._saved(job_id, "savepoints", {"cancel-job": cancel}, timeout_s)

    def stop(self, job_id: str, timeout_s: float = PATIENCE_S) -> str:
        """Ends the job with a savepoint behind which it processes nothing; returns the savepoint's location."""
        location = self._saved(job_id, "stop", {"drain": False}, timeout_s)
        try:
            self.wait_state(job_id, {"FINISHED"}, timeout_s)
        except StackError as error:
            raise StackError(f"{error}; its savepoint is {location}") from error
        return location

    def positions(self, job_id: str, topic: str) -> dict[int, int]:
        """By partition of a topic, the offset that comes next; of those whose records were read since it started."""
        found: dict[int, int] = {}
        for vertex in (vertex for name, vertex in self.vertices(job_id).items() if "Source:" in name):
            numbers = offset_metrics(self.metric_names(job_id, vertex), topic)
            if numbers:
                values = self.metrics(job_id, vertex, numbers)
                found |= {numbers[name]: int(value) + 1 for name, value in values.items() if value >= 0}
        return found

    def _saved(self, job_id: str, how: str, body: dict[str, Any], timeout_s: float) -> str:
        trigger = self._call("POST", f"/jobs/{job_id}/{how}", body)["request-id"]
        return str(self._done(job_id, "savepoints", trigger, timeout_s)["location"])

    def _done(self, job_id: str, what: str, trigger: str, timeout_s: float) -> dict[str, Any]:
        deadline = time.monotonic() + timeout_s
        while (answer := self.get(f"/jobs/{job_id}/{what}/{trigger}"))["status"]["id"] != "COMPLETED":
            if time.monotonic() > deadline:
                raise StackError(f"job {job_id}: no {what.removesuffix('s')} after {timeout_s:.0f} s")
            time.sleep(_POLL_INTERVAL_S)
        operation: dict[str, Any] = answer["operation"]
        if operation.get("failure-cause"):
            reason = operation["failure-cause"]["stack-trace"]
            raise StackError(f"job {job_id}: {what.removesuffix('s')} failed: {reason}")
        return operation

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        data = json.dumps(body).encode() if body is not None else None
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(self.url + path, data, headers, method=method)  # noqa: S310 - http by contract
        try:
            with urllib.request.urlopen(request, timeout=self.timeout_s) as answer:  # noqa: S310
                return json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            with error:
                detail = error.read().decode(errors="replace")
            # What a JobManager says that is still starting: not there yet, like a refused connection.
            if error.code == 503 or _STARTING in detail:
                raise ConnectionError(f"{method} {path}: {detail}") from error
            raise StackError(f"{method} {path} at {self.url}: {error.code} {detail[:2000]}") from error


def runs(job: dict[str, Any]) -> bool:
    """Whether a job, as `/jobs/ID` tells it, and every one of its subtasks run.

    >>> runs({"state": "RUNNING", "vertices": [{"tasks": {"RUNNING": 1, "FINISHED": 0, "FAILED": 1}}]})
    False
    """
    counts = [vertex["tasks"] for vertex in job["vertices"]]
    tasks_run = all(count["RUNNING"] + count["FINISHED"] == sum(count.values()) for count in counts)
    return bool(job["state"] == "RUNNING" and tasks_run)


def offset_metrics(names: Iterable[str], topic: str) -> dict[str, int]:
    """Partition by name, of those metrics of a source that say where it is in a topic.

    >>> offset_metrics(["0.Source__c[1].Reader.topic.c_x.partition.3.currentOffset", "0.numRecordsIn"], "c.x")
    {'0.Source__c[1].Reader.topic.c_x.partition.3.currentOffset': 3}
    """
    # in a metric's name Flink writes _ for a dot of the topic's
    named = re.escape(topic).replace(r"\.", "[._]")
    wanted = re.compile(rf"\d+\..*\.topic\.{named}\.partition\.(\d+)\.currentOffset")
    return {name: int(match[1]) for name in names if (match := wanted.fullmatch(name))}
