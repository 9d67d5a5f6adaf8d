"""A job's metrics, as its processes show them to Prometheus."""

from __future__ import annotations

import re
import urllib.request
from math import isfinite
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

_LINE = re.compile(r"^flink_(?:taskmanager_job_task_operator_tideline_)?(\w+)\{([^}]*)\} (\S+)$", re.MULTILINE)
_JOB = re.compile(r'(?:^|,)job_name="([^"]*)"')
_TIMEOUT_S = 2.0
_FORGOTTEN_AFTER = 100


class Sample(NamedTuple):
    """One line of a page: a metric of Tideline by its own name, one of Flink as `jobmanager_job_numRestarts`."""

    name: str
    labels: str
    value: float

    def is_of(self, job: str | None) -> bool:
        """Return whether it is of that job or of none; of every job where none is named."""
        named = _JOB.search(self.labels)
        return job is None or named is None or named[1] == re.sub(r"[^a-zA-Z0-9:_]", "_", job)


class _Series:
    """One counter of one task: what it shows, and what it had reached before it began again."""

    __slots__ = ("last", "reached", "unseen")

    def __init__(self, value: float) -> None:
        self.last, self.reached, self.unseen = value, 0.0, 0

    def take(self, value: float) -> None:
        if value < self.last:
            self.reached += self.last
        self.last, self.unseen = value, 0


class JobMetrics:
    """Sums over all operators. A counter starts again with its task; what it had reached is kept.

    A process that does not answer takes nothing away: what it showed last counts until it shows more. `job` is the name
    of the one that is meant, None for all.
    """

    def __init__(self, job: str | None = None) -> None:
        self._job = job
        self._series: dict[tuple[str, str], _Series] = {}
        self._ended: dict[str, float] = {}
        self._now: dict[str, list[float]] = {}

    def read(self, urls: Iterable[str]) -> None:
        """Take in what the endpoints say now; one that does not answer says nothing."""
        self.take(fetch(url) for url in urls)

    def take(self, pages: Iterable[str]) -> None:
        """Take in what some pages say; an empty one says nothing."""
        self._now = {}
        for series in self._series.values():
            series.unseen += 1
        for page in pages:
            for sample in samples_of(page):
                if sample.is_of(self._job):
                    self._take(sample)
        self._forget()

    def _take(self, sample: Sample) -> None:
        self._now.setdefault(sample.name, []).append(sample.value)
        key = sample.name, sample.labels
        if key in self._series:
            self._series[key].take(sample.value)
        else:
            self._series[key] = _Series(sample.value)

    def _forget(self) -> None:
        """Add up what ended long ago: a task that is started again has labels of its own each time."""
        for key in [key for key, series in self._series.items() if series.unseen > _FORGOTTEN_AFTER]:
            series = self._series.pop(key)
            self._ended[key[0]] = self._ended.get(key[0], 0.0) + series.last + series.reached

    def total(self, name: str) -> int:
        """Return what a counter has reached, 0 for one not seen."""
        return int(self.totals().get(name, 0.0))

    def totals(self) -> dict[str, float]:
        """Return what each counter has reached."""
        found = dict(self._ended)
        for (name, _), series in self._series.items():
            found[name] = found.get(name, 0.0) + series.last + series.reached
        return found

    def now(self) -> dict[str, list[float]]:
        """Return the values of each metric in the pages that were read last: what a gauge shows."""
        return self._now


def samples_of(page: str) -> list[Sample]:
    """Return each metric of Flink and of the job in a page of Prometheus' text format, but for what is no number."""
    found = [Sample(name, labels, float(value)) for name, labels, value in _LINE.findall(page)]
    return [sample for sample in found if isfinite(sample.value)]


def fetch(url: str) -> str:
    """Return the page of an endpoint, empty where it does not answer."""
    try:
        with urllib.request.urlopen(url, timeout=_TIMEOUT_S) as answer:  # noqa: S310 - http by contract
            return str(answer.read().decode())
    except (OSError, ValueError):
        return ""
