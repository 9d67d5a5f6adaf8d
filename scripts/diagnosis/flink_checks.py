"""A Flink cluster as the job needs it: its version, its slots, its jobs, and a clock as this one."""

from __future__ import annotations

import json
import time
import urllib.request
from email.utils import parsedate_to_datetime
from importlib import metadata
from typing import TYPE_CHECKING, Any

from tideline.scripts.diagnosis.finding import Finding, clock, ok, unknown, wrong

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_WITHIN_S = 5.0


def check(url: str) -> Iterator[Finding]:
    """Yield what the cluster behind that JobManager is like."""
    try:
        overview, skew_s = _get(url, "/overview")
        jobs, _ = _get(url, "/jobs/overview")
    except (OSError, ValueError) as error:
        advice = "check host and port (8081) of the JobManager, and that it runs; nobody else should reach it"
        yield wrong("flink", f"{url} does not answer: {error}", advice)
        return
    yield version_of(overview["flink-version"], metadata.version("apache-flink"), url)
    yield slots_of(overview)
    yield jobs_of({job["name"]: job["state"] for job in sorted(jobs["jobs"], key=lambda job: int(job["start-time"]))})
    if skew_s is None:
        yield unknown("clock of Flink", "the JobManager tells no time")
    else:
        yield clock("clock of Flink", skew_s, resolution_s=1.0)


def version_of(cluster: str, installed: str, url: str) -> Finding:
    """Compare the cluster's version with that of the package that submits."""
    if cluster == installed:
        return ok("flink", f"{cluster} at {url}, as installed here")
    return wrong("flink", f"{cluster} at {url}; installed here is {installed}", "use the same version on both sides")


def slots_of(overview: Mapping[str, Any]) -> Finding:
    """Return whether a job could run."""
    managers, free, slots = (overview[key] for key in ("taskmanagers", "slots-available", "slots-total"))
    text = f"{managers} TaskManagers, {free} of {slots} slots are free"
    if managers:
        return ok("slots", text)
    return wrong("slots", text, "start a TaskManager: scripts/stack add, or docs/operate.md for a cluster")


def jobs_of(states: Mapping[str, str]) -> Finding:
    """Return how jobs are, by name, the newest of a name counted."""
    bad = {name: state for name, state in states.items() if state not in ("RUNNING", "FINISHED", "CANCELED")}
    text = ", ".join(f"{name} {state}" for name, state in states.items()) or "none was submitted"
    if bad:
        return wrong("jobs", text, "the JobManager's page says why (Exceptions); docs/operate.md, What to do when")
    return ok("jobs", text)


def _get(url: str, path: str) -> tuple[Any, float | None]:
    """Return the document and by how much the server's clock is ahead."""
    if not url.startswith(("http://", "https://")):
        raise ValueError("allowed are http:// and https://")
    with urllib.request.urlopen(f"{url.rstrip('/')}{path}", timeout=_WITHIN_S) as answer:  # noqa: S310 - http(s) only
        told = answer.headers.get("Date")
        skew_s = None if told is None else parsedate_to_datetime(told).timestamp() + 0.5 - time.time()
        return json.loads(answer.read()), skew_s
