"""What came out of a run: as a document for programs and as text for people."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from tideline.scripts.simulation.lift import Z_95
from tideline.scripts.simulation.ticker import percent, percentiles

if TYPE_CHECKING:
    from tideline.scripts.simulation.lift import Rate
    from tideline.scripts.simulation.play import Play
    from tideline.scripts.simulation.ticker import JobState


def document(play: Play, state: JobState, users: int) -> dict[str, Any]:
    """Return the summary; `users` is how many have a list in Redis. What is not known is null."""
    p50, p99 = percentiles(play.watch.freshness_ms)
    lift = play.tally.lift()
    return {
        "events": play.events,
        "events_per_s": _known(play.events / play.seconds, 1),
        "lists": state.lists,
        "users": users,
        "dead_letters": state.dead_letters,
        "freshness_ms": {"p50": _known(p50, 1), "p99": _known(p99, 1)},
        "ctr": {
            "policy": _known(play.tally.rate(holdout=False).value, 5),
            "holdout": _known(play.tally.rate(holdout=True).value, 5),
            "lift": _known(lift.value, 4),
            "lift_ci95": [_known(lift.low, 4), _known(lift.high, 4)],
        },
    }


def summary(play: Play, found: dict[str, Any]) -> list[str]:
    """Return the same as lines of text."""
    ctr, fresh = found["ctr"], found["freshness_ms"]
    policy, holdout = play.tally.rate(holdout=False), play.tally.rate(holdout=True)
    lines = [
        f"{found['events']:,} events in {play.seconds:.0f} s, {found['events_per_s']:,} a second; "
        f"{found['lists']:,} lists written, {found['users']:,} users have one; {found['dead_letters']} dead letters",
        f"from event to readable list: median {fresh['p50']} ms, 99 of 100 within {fresh['p99']} ms",
        f"{len(play.shown):,} visits, {play.tally.impressions:,} impressions; "
        f"clicks: ranked {_rate(policy)}, random order {_rate(holdout)}",
    ]
    if ctr["lift"] is not None:
        low, high = ctr["lift_ci95"]
        lines.append(f"lift over random order: {ctr['lift']:+.0%} (95 % interval {low:+.0%} to {high:+.0%})")
    return lines


def _rate(rate: Rate) -> str:
    return f"{percent(rate.value).strip()} +- {percent(Z_95 * rate.error).strip()}"


def _known(value: float, digits: int) -> float | None:
    return None if math.isnan(value) else round(value, digits)
