"""What came out of a run: as a document for programs and as text for people."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from tideline.scripts.simulation.lift import Z_95
from tideline.scripts.simulation.ticker import percent, percentiles
from tideline.scripts.simulation.yardstick import TITLES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tideline.scripts.audit.decision_audit import Audit
    from tideline.scripts.commands.backfill import Backfilled
    from tideline.scripts.simulation.lift import Rate
    from tideline.scripts.simulation.play import Play
    from tideline.scripts.simulation.ticker import JobState
    from tideline.scripts.simulation.yardstick import Yardstick


def document(
    play: Play, state: JobState, users: int, past: Backfilled, yardsticks: Sequence[Yardstick], audited: Audit
) -> dict[str, Any]:
    """Return the summary; `users` is how many have a list in Redis. What is not known is null."""
    p50, p99 = percentiles(play.watch.freshness_ms)
    lift = play.tally.lift()
    policy, holdout = (play.tally.rate(holdout=which).value for which in (False, True))
    others = {each.name: each.rate(after=play.slices_played) for each in yardsticks}
    best = others.get("attainable", math.nan)
    return {
        "past": {
            "events": past["records"],
            "seconds": past["seconds"],
            "events_per_s": _events_per_s(past),
        },
        "events": play.events,
        "events_per_s": _known(play.events / play.seconds, 1),
        "lists": state.lists,
        "users": users,
        "dead_letters": state.dead_letters,
        "audit": audited.figures(),
        "freshness_ms": {"p50": _known(p50, 1), "p99": _known(p99, 1)},
        "ctr": {
            "policy": _known(policy, 5),
            "holdout": _known(holdout, 5),
            "lift": _known(lift.value, 4),
            "lift_ci95": [_known(lift.low, 4), _known(lift.high, 4)],
            **{name: _known(rate, 5) for name, rate in others.items()},
            "share_of_attainable": _known((policy - holdout) / (best - holdout), 3),
        },
    }


def summary(play: Play, found: dict[str, Any], past: Backfilled) -> list[str]:
    """Return the same as lines of text."""
    ctr, fresh, audited = found["ctr"], found["freshness_ms"], found["audit"]
    policy, holdout = play.tally.rate(holdout=False), play.tally.rate(holdout=True)
    lines = [
        taken_in(past),
        f"{found['events']:,} events in {play.seconds:.0f} s, {found['events_per_s']:,} a second; "
        f"{found['lists']:,} lists written, {found['users']:,} users have one; {found['dead_letters']} dead letters",
        f"audit of all {audited['entries']:,} decisions, of {audited['lists']:,} lists: "
        f"{sum(audited['broken'].values())} promises broken",
        f"from event to readable list: median {fresh['p50']} ms, 99 of 100 within {fresh['p99']} ms",
        f"{len(play.shown):,} visits, {play.tally.impressions:,} impressions; "
        f"clicks: ranked {_rate(policy)}, random order {_rate(holdout)}",
    ]
    if ctr["lift"] is not None:
        low, high = ctr["lift_ci95"]
        lines.append(f"lift over random order: {ctr['lift']:+.0%} (95 % interval {low:+.0%} to {high:+.0%})")
    others = ", ".join(f"{title} {percent(ctr[name] or math.nan).strip()}" for name, title in TITLES.items())
    lines.append(f"of the same visitors: {others}")
    if ctr["share_of_attainable"] is not None:
        lines.append(f"of what is attainable above random order: {ctr['share_of_attainable']:.0%}")
    return lines


def taken_in(past: Backfilled) -> str:
    """Return how fast the backfill was, in words."""
    return (
        f"the past: {past['records']:,} events into user state in {past['seconds']:.0f} s, "
        f"{_events_per_s(past):,} a second"
    )


def _events_per_s(past: Backfilled) -> int:
    return round(past["records"] / max(past["seconds"], 0.1))


def _rate(rate: Rate) -> str:
    return f"{percent(rate.value).strip()} +- {percent(Z_95 * rate.error).strip()}"


def _known(value: float, digits: int) -> float | None:
    return None if math.isnan(value) else round(value, digits)
