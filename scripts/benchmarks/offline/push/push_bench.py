"""Pushes by the project's own functions, beside simpler ways and the best that can be had."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from tideline.scripts.benchmarks.live import push_live, push_sending
from tideline.scripts.benchmarks.offline.push import candidates, push_quiet, push_room, push_truth, push_wheel, uplift

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def _of_senders(name: str) -> Any:
    return push_sending.measure()[name]


PARTS: dict[str, Callable[[], Any]] = {
    "uplift": uplift.measure,
    "truth_covered": push_truth.measure,
    "threshold_covered": push_truth.measure_thresholds,
    "room": push_room.measure,
    "quiet_violations": push_quiet.measure,
    "wheel": push_wheel.measure,
    **{name: partial(_of_senders, name) for name in ("sent_twice", "unsubscribed_sent", "kill_switch_s")},
    "candidates": candidates.measure,
    "live": push_live.measure,
}


def measure(only: Sequence[str] | None = None) -> dict[str, Any]:
    """Return the figures of each part, or of those named; those that were not asked for are null."""
    return {name: part() if not only or name in only else None for name, part in PARTS.items()}
