"""The arithmetic of the benchmarks: rate of a steady state, percentiles."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tideline.scripts.localstack import StackError

if TYPE_CHECKING:
    from collections.abc import Sequence

STEADY_FROM, STEADY_TO = 0.15, 0.95
"""The part of the events whose rate counts: start-up and the uneven end of the partitions are left out."""


class Sample(NamedTuple):
    """How many events had been processed at a moment."""

    at_s: float
    events: float


def moment_of(samples: Sequence[Sample], count: float) -> float:
    """Return when `count` was reached, between two samples by proportion.

    Raises ValueError where the samples do not hold that count.
    """
    for before, after in pairwise(samples):
        if before.events <= count <= after.events and after.events > before.events:
            share = (count - before.events) / (after.events - before.events)
            return before.at_s + share * (after.at_s - before.at_s)
    raise ValueError(f"the samples do not hold the count {count:g}")


def steady_rate(samples: Sequence[Sample], total: int) -> float:
    """Return events a second between STEADY_FROM and STEADY_TO of all events; samples in order of time.

    What was done before the first sample counts as start-up.

    Raises:
        StackError: that was nearly all of it.
    """
    begin, end = max(total * STEADY_FROM, samples[0].events), total * STEADY_TO
    if begin >= end:
        raise StackError(f"{total:,} events were worked off before anybody looked: more --events are needed")
    return (end - begin) / (moment_of(samples, end) - moment_of(samples, begin))


def steady_cost_us(done: Sequence[float], used_s: Sequence[float], total: int) -> float:
    """Return CPU microseconds an event between STEADY_FROM and STEADY_TO of all events.

    Args:
        done: How many events had been processed at each sample, never fewer than before.
        used_s: CPU seconds used until then.
        total: All events.

    Raises:
        StackError: nearly all of them were done at the first sample.
    """
    begin, end = max(total * STEADY_FROM, done[0]), total * STEADY_TO
    if begin >= end:
        raise StackError(f"{total:,} events were worked off before anybody looked: more --events are needed")
    at_begin, at_end = np.interp([begin, end], done, used_s)
    return float(at_end - at_begin) * 1e6 / (end - begin)


def percentiles(values: Sequence[float]) -> dict[str, float]:
    """Return p50, p95 and p99 in the unit of the values; at least one value."""
    found = np.percentile(np.asarray(values), [50, 95, 99])
    return dict(zip(("p50_ms", "p95_ms", "p99_ms"), (round(float(each), 1) for each in found), strict=True))
