"""A job's counters and gauges, as its TaskManagers serve them."""

from __future__ import annotations

import re
import urllib.request
from typing import TYPE_CHECKING

from tests.support.waiting import PATIENCE_S

if TYPE_CHECKING:
    from tideline.scripts.localstack import Stack

_METRIC = re.compile(r'^flink_taskmanager_job_task_operator_tideline_(\w+)\{job_id="(\w+)".*\} (\S+)$', re.MULTILINE)


def metrics_of(stack: Stack, job_id: str) -> dict[str, float]:
    """Return them by name, summed over operators."""
    found: dict[str, float] = {}
    for name, url in stack.prometheus_urls.items():
        if name.startswith("taskmanager"):
            with urllib.request.urlopen(url, timeout=PATIENCE_S) as answer:  # noqa: S310 - http, from the stack
                for metric, job, value in _METRIC.findall(answer.read().decode()):
                    if job == job_id:
                        found[metric] = found.get(metric, 0.0) + float(value)
    return found
