"""The picture of one second, as text: a line a thing, a column ten milliseconds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tideline.scripts.benchmarks.live.second.cores import Looked
    from tideline.scripts.benchmarks.live.second.told import Span

COLUMNS, COLUMN_MS = 100, 10
_MOST = 9


def worst_second(latencies_ms: Sequence[tuple[float, float]]) -> float:
    """Return the moment from which on lists of a second were latest in the mean; (due, latency), at least one.

    >>> worst_second([(0.0, 50.0), (1000.0, 300.0), (1500.0, 200.0), (2600.0, 50.0)])
    1000.0
    """
    due, late = (np.array(each) for each in zip(*sorted(latencies_ms), strict=True))
    ends = np.searchsorted(due, due + COLUMNS * COLUMN_MS)
    sums = np.concatenate([[0.0], np.cumsum(late)])
    means = (sums[ends] - sums[:-1]) / (ends - np.arange(due.size))
    whole = due <= max(due[-1] - COLUMNS * COLUMN_MS, due[0])
    return float(due[np.argmax(np.where(whole, means, -1.0))])


def picture(
    begin_ms: float, spans: Iterable[Span], latencies_ms: Iterable[tuple[float, float]], looked: Iterable[Looked]
) -> list[str]:
    """Return the lines of the second from `begin_ms` on.

    A span fills the columns that it touches. Of the lists the column is that of the event, in tenths of a second.
    """
    lanes: dict[str, list[str]] = {}
    for span in sorted(spans, key=lambda each: (each.lane, each.begin_ms)):
        first = int((span.begin_ms - begin_ms) // COLUMN_MS)
        last = int((span.end_ms - begin_ms) // COLUMN_MS)
        if last >= 0 and first < COLUMNS:
            lane = lanes.setdefault(span.lane, [" "] * COLUMNS)
            lane[max(first, 0) : last + 1] = [span.mark] * (min(last, COLUMNS - 1) - max(first, 0) + 1)
    lines = {
        "ms": "".join(f"{at * COLUMN_MS:<10}" for at in range(0, COLUMNS, 10)),
        "late, 100 ms": _digits(begin_ms, [(due_ms, late_ms / 100) for due_ms, late_ms in latencies_ms]),
        "without a core": "".join(_waiting(begin_ms, looked)),
        **{name: "".join(lane) for name, lane in sorted(lanes.items())},
    }
    width = max(map(len, lines))
    return [f"{name:<{width}} |{line}|" for name, line in lines.items()]


def _digits(begin_ms: float, values: Iterable[tuple[float, float]]) -> str:
    line = [" "] * COLUMNS
    for at_ms, value in values:
        column = int((at_ms - begin_ms) // COLUMN_MS)
        if 0 <= column < COLUMNS:
            line[column] = str(min(int(value), _MOST))
    return "".join(line)


def _waiting(begin_ms: float, looked: Iterable[Looked]) -> list[str]:
    """Return how many threads waited in the mean between two looks."""
    line, before_ms = [" "] * COLUMNS, None
    for look in looked:
        if before_ms is not None:
            value = round(sum(look.waited_ms.values()) / (look.at_ms - before_ms))
            first, last = (int((at - begin_ms) // COLUMN_MS) for at in (before_ms, look.at_ms))
            for column in range(max(first, 0), min(last, COLUMNS)):
                line[column] = str(min(value, _MOST))
        before_ms = look.at_ms
    return line
