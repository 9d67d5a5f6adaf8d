"""What the jobs of a stack failed of, in a few lines each."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tideline.scripts.localstack.rest import FlinkRest

_LINES = 3
_CHARACTERS = 300
_JOBS = 8


def failures_of_jobs(rest: FlinkRest) -> list[str]:
    """Return, for each of the last jobs that failed or restarted, when and of what: first and last lines."""
    lines: list[str] = []
    jobs = sorted(rest.get("/jobs/overview")["jobs"], key=lambda job: job["start-time"])
    for job in jobs[-_JOBS:]:
        lines += _of(job, rest)
    return lines


def _of(job: Mapping[str, Any], rest: FlinkRest) -> Iterator[str]:
    for entry in rest.get(f"/jobs/{job['jid']}/exceptions")["exceptionHistory"]["entries"]:
        at = time.strftime("%H:%M:%S", time.gmtime(int(entry["timestamp"]) / 1000))
        told = [line.strip() for line in str(entry["stacktrace"]).splitlines()]
        causes = [line for line in told if line and not line.startswith(("at ", "..."))]
        yield f"{job['name']} failed at {at} UTC, task {entry.get('taskName')}, on {entry.get('endpoint')}"
        yield from (f"    {line[:_CHARACTERS]}" for line in dict.fromkeys((causes[0], *causes[-_LINES:])))
