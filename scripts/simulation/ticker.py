"""One line about the running demo every two seconds."""

from __future__ import annotations

import math
import sys
import threading
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType

    from tideline.scripts.simulation.play import Play

INTERVAL_S = 2.0


class JobState(NamedTuple):
    """What is known about the job from outside."""

    records: int
    """Events it has read."""
    lists: int
    """Lists it has written."""
    dead_letters: int
    policies: int
    """Policy rows it has published."""


class Progress:
    """Prints from a thread of its own while the context lasts."""

    def __init__(self, play: Play, state: Callable[[], JobState]) -> None:
        self._play = play
        self._state = state
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, name="progress", daemon=True)
        self._started_s = time.monotonic()
        self._last = (self._started_s, 0, 0)

    def __enter__(self) -> Progress:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._done.wait(INTERVAL_S):
            say(self._line())

    def _line(self) -> str:
        play, state = self._play, self._state()
        then_s, events_then, samples_then = self._last
        now_s, events, samples = time.monotonic(), play.events, len(play.watch.freshness_ms)
        self._last = (now_s, events, samples)
        p50, p99 = percentiles(play.watch.freshness_ms[samples_then:samples])
        day = datetime.fromtimestamp(play.now_ms / 1_000, UTC)
        return (
            f"{day:%d %b %H:%M} | {events:7,} events {(events - events_then) / (now_s - then_s):6,.0f}/s"
            f" lag {max(0, events - state.records):5,} | fresh p50 {_ms(p50)} p99 {_ms(p99)} ms"
            f" | {state.lists:7,} lists {state.dead_letters} dead | policy rows {state.policies:5,}"
            f" | clicks: policy {percent(play.tally.rate(holdout=False).value)}"
            f" random {percent(play.tally.rate(holdout=True).value)}"
        )


def say(line: str) -> None:
    """Print a line of progress to standard error."""
    print(f"[demo] {line}", file=sys.stderr, flush=True)


def percentiles(samples_ms: Sequence[float]) -> tuple[float, float]:
    """Return median and 99th percentile, NaN of nothing."""
    if not samples_ms:
        return math.nan, math.nan
    p50, p99 = np.percentile(samples_ms, [50, 99]).tolist()
    return p50, p99


def percent(share: float) -> str:
    """Return a share as text, six characters wide."""
    return "   -  " if math.isnan(share) else f"{share:6.2%}"


def _ms(value: float) -> str:
    return "   -" if math.isnan(value) else f"{value:4.0f}"
