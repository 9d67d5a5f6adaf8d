"""The stop list for readers: which activities are to be shown to nobody, whatever a list made before says.

{"v":[g,t,s],"s":["c08-0042",...],"u":{"c11-0007":29922563,...}}, versioned like a list. On it are those whose budget is
spent, and those that do not run though they once were to: paused, ended or deleted before their time, or their time was
changed. `u`, where any activity has a limit over all users, says until which minute since the epoch lists that are
older may show it: it moves on with what is learned, so it stands still when nothing is.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from tideline.udfs.core.budgets.told import BEATS_MS
from tideline.udfs.core.serving.popular_list import RENEWED_MS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tideline.udfs.core.budgets.standing import Standing
    from tideline.udfs.core.catalogue.activity import Activity


_MINUTE_MS = 60_000


class Stops(NamedTuple):
    """What is stopped, and as of when: the newest time of what says so, and how many records were read until then."""

    names: tuple[str, ...] = ()
    as_of_ms: int = 0
    seq: int = 0
    until: tuple[tuple[str, int], ...] = ()
    """The minute since the epoch until which what has a limit is shown, should nothing more be learned."""
    learned_ms: int = 0
    """Newest time of what limits were worked out from."""


class Runs:
    """When each activity was to run by all that was ever said of it: a list that was made meanwhile may hold it yet."""

    def __init__(self) -> None:
        self._of: dict[str, tuple[int, int]] = {}

    def hear(self, activity: Activity) -> None:
        """Take in a record of an activity, whatever comes after it."""
        starts_ms, ends_ms = self._of.get(activity.activity_id, (activity.starts_ms, activity.ends_ms))
        self._of[activity.activity_id] = min(starts_ms, activity.starts_ms), max(ends_ms, activity.ends_ms)

    def at(self, moment_ms: int) -> list[str]:
        """Return the activities that were to run at a moment, and forget those of which all is over by then."""
        self._of = {name: window for name, window in self._of.items() if moment_ms < window[1]}
        return [name for name, (starts_ms, _) in self._of.items() if starts_ms <= moment_ms]


def stops_of(
    activities: Mapping[str, Activity], runs: Runs, standings: Mapping[str, Standing], as_of_ms: int, read: int
) -> Stops:
    """Return what activities and their standings say is stopped; `read` records of activities lead to the former.

    What is over or has not begun is not: lists know that themselves. One with hours ends on each list with the hours of
    its user, so no older list is told to go on with it.
    """
    learned_ms = max((each.as_of_ms for each in standings.values()), default=0)
    as_of_ms = max(as_of_ms, learned_ms)
    spent = {name for name, each in standings.items() if each.stopped}
    withdrawn = {name for name in runs.at(as_of_ms) if not _runs(activities.get(name), as_of_ms)}
    seq = read + 1 + max([-1, *(each.version for each in standings.values())])
    until = {
        name: min(each.ends_ms, learned_ms + standings[name].lease_ms) // _MINUTE_MS
        for name, each in activities.items()
        if learned_ms and each.is_limited and not each.hours and name in standings and name not in spent | withdrawn
    }
    return Stops(tuple(sorted(spent | withdrawn)), as_of_ms, seq, tuple(sorted(until.items())), learned_ms)


def _runs(activity: Activity | None, at_ms: int) -> bool:
    return activity is not None and activity.status == "active" and activity.starts_ms <= at_ms < activity.ends_ms


class StopList:
    """Makes the list and says so when it changed or is due again, the first time in any case: one may be left over."""

    def __init__(self, ttl_ms: int) -> None:
        self._renewed_ms = min(RENEWED_MS, ttl_ms // 2)
        self._published: Stops | None = None
        self._published_ms = 0

    def is_due(self, now_ms: int) -> bool:
        """Return whether it is to be written again by a moment of traffic, though nothing says that it changed."""
        return self._published is None or now_ms >= self._published_ms + self._renewed_ms

    def due(self, stops: Stops, generation: int, now_ms: int = 0, renew: bool = False) -> bytes:
        """Return the payload, empty where it names the same as before and is not due; `renew`: it is due.

        `now_ms` is a moment of traffic, for who has one: what stops is as of may be long ago.
        """
        before, now_ms = self._published, max(now_ms, stops.as_of_ms)
        is_same = before is not None and stops.names == before.names and not _beats(before, stops)
        if is_same and not (renew or self.is_due(now_ms)):
            return b""
        self._published, self._published_ms = stops, now_ms
        told: dict[str, Any] = {"v": [generation, stops.as_of_ms, stops.seq], "s": stops.names}
        told |= {"u": dict(stops.until)} if stops.until else {}
        return json.dumps(told, separators=(",", ":")).encode()


def _beats(before: Stops, now: Stops) -> bool:
    return bool(now.until) and now.learned_ms >= before.learned_ms + BEATS_MS
