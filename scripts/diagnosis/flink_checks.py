"""A Flink cluster as the job needs it: its version, its slots, its jobs, and a clock as this one."""

from __future__ import annotations

import json
import re
import time
import urllib.request
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from importlib import metadata
from typing import TYPE_CHECKING, Any

from tideline.scripts.diagnosis.finding import Finding, clock, ok, unknown, wrong

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_WITHIN_S = 5.0
_ADVICE = "check host and port (8081) of the JobManager, and that it runs; nobody else should reach it"
_NO_FLINK = (HTTPException, KeyError, TypeError, AttributeError, RecursionError)
"""What another server's answer leads to, or a URL with another port than a number."""


def check(url: str) -> Iterator[Finding]:
    """Yield what the cluster behind that JobManager is like."""
    shown = re.sub("//.*@", "//***@", url)
    try:
        overview, skew_s = _get(url, "/overview")
        jobs, _ = _get(url, "/jobs/overview")
        by_start = sorted(jobs["jobs"], key=lambda job: int(job["start-time"]))
        found = [
            version_of(overview["flink-version"], metadata.version("apache-flink"), shown),
            slots_of(overview),
            jobs_of({job["name"]: job["state"] for job in by_start}),
        ]
    except _NO_FLINK as error:
        yield wrong("flink", f"{shown} does not answer as Flink does: {type(error).__name__}", _ADVICE)
        return
    except (OSError, ValueError) as error:
        yield wrong("flink", f"{shown} does not answer: {error}", _ADVICE)
        return
    yield from found
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
