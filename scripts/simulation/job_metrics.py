"""The job's own counters, as its TaskManagers show them to Prometheus."""

from __future__ import annotations

import re
import urllib.request
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_LINE = re.compile(r"^flink_taskmanager_job_task_operator_tideline_(\w+)\{[^}]*\} (\S+)$", re.MULTILINE)
_TIMEOUT_S = 2.0


class JobMetrics:
    """Sums over all operators. A counter starts again with its task; what it had reached is kept."""

    def __init__(self) -> None:
        self._last: dict[str, float] = {}
        self._kept: dict[str, float] = {}

    def read(self, urls: Iterable[str]) -> None:
        """Take in what the endpoints say now; one that does not answer says nothing."""
        now: dict[str, float] = {}
        for url in urls:
            for name, value in parse_metrics(_fetch(url)):
                now[name] = now.get(name, 0.0) + value
        if not now:
            return
        for name, value in now.items():
            last = self._last.get(name, 0.0)
            if value < last:
                self._kept[name] = self._kept.get(name, 0.0) + last
        self._last = now

    def total(self, name: str) -> int:
        """Return what a counter has reached, 0 for one not seen."""
        return int(self._last.get(name, 0.0) + self._kept.get(name, 0.0))


def parse_metrics(text: str) -> list[tuple[str, float]]:
    """Return (name, value) of each of the job's metrics in a page of Prometheus' text format."""
    return [(name, float(value)) for name, value in _LINE.findall(text)]


def _fetch(url: str) -> str:
    try:
        with urllib.request.urlopen(url, timeout=_TIMEOUT_S) as answer:  # noqa: S310 - http by contract
            return str(answer.read().decode())
    except OSError:
        return ""
