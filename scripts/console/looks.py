"""What was seen of each part of a deployment, and when: the newest look, and those of the minutes before it."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from tideline.scripts.diagnosis.job_metrics import JobMetrics

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tideline.scripts.console.sources import JobSeen, LetterSeen, Pages, RedisSeen

SeenT = TypeVar("SeenT")
KEPT = 450
"""Of looks two seconds apart: a quarter of an hour, which is as far back as anything is judged by."""


@dataclass(frozen=True)
class Look(Generic[SeenT]):
    """The newest answer of a part, or why there is none. `at_ms` is when it was asked last, 0: never."""

    seen: SeenT | None = None
    error: str | None = None
    at_ms: int = 0

    def again(self, seen: SeenT, at_ms: int) -> Look[SeenT]:
        """Return it with an answer."""
        return replace(self, seen=seen, error=None, at_ms=at_ms)

    def failed(self, error: str, at_ms: int) -> Look[SeenT]:
        """Return it after a question that nobody answered; what was seen before is no longer so."""
        return replace(self, seen=None, error=error, at_ms=at_ms)


class Counted(NamedTuple):
    """Metrics at one moment: what counters reached, what gauges show, and which processes do not answer."""

    at_ms: int
    totals: Mapping[str, float]
    now: Mapping[str, Sequence[float]]
    silent: tuple[str, ...]
    processes: int

    def total(self, name: str) -> float:
        """Return what a counter has reached."""
        return self.totals.get(name, 0.0)

    def most(self, name: str) -> float | None:
        """Return the greatest value of a gauge, None where no process shows it."""
        return max(self.now.get(name, ()), default=None)


@dataclass
class Looks:
    """All that is known of a deployment. Not for several threads."""

    job: Look[JobSeen] = field(default_factory=Look)
    redis: Look[RedisSeen] = field(default_factory=Look)
    letters: Look[Sequence[LetterSeen]] = field(default_factory=Look)
    counted: deque[Counted] = field(default_factory=lambda: deque(maxlen=KEPT))

    def since(self, window_ms: int) -> tuple[Counted, Counted] | None:
        """Return the newest metrics and those that were newest so long before them, or the oldest that are kept.

        None before the second look.
        """
        if len(self.counted) < 2:
            return None
        newest = self.counted[-1]
        former = next(each for each in self.counted if newest.at_ms - each.at_ms <= window_ms)
        return (self.counted[-2] if former is newest else former), newest

    def grown(self, name: str, window_ms: int) -> float:
        """Return by how much a counter grew in that time."""
        span = self.since(window_ms)
        return span[1].total(name) - span[0].total(name) if span else 0.0


class Counting:
    """Makes of pages what was counted until then."""

    def __init__(self, job: str) -> None:
        self._metrics = JobMetrics(job)

    def take(self, pages: Pages, at_ms: int) -> Counted:
        """Take in what the processes show."""
        self._metrics.take(pages.of_process.values())
        silent = tuple(name for name, page in pages.of_process.items() if not page)
        return Counted(at_ms, self._metrics.totals(), self._metrics.now(), silent, len(pages.of_process))


def plain(document: Any) -> Any:
    """Return a document of named tuples as one of dictionaries, as JSON has it.

    >>> plain([RowOf("a", 1)]) if (RowOf := NamedTuple("RowOf", [("name", str), ("count", int)])) else None
    [{'name': 'a', 'count': 1}]
    """
    if isinstance(document, tuple) and hasattr(document, "_asdict"):
        return {name: plain(value) for name, value in document._asdict().items()}
    if isinstance(document, list | tuple):
        return [plain(each) for each in document]
    if isinstance(document, dict):
        return {name: plain(value) for name, value in document.items()}
    return document
