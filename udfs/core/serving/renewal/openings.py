"""When activities opened, or will: the moments from which on lists made before lack something."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tideline.udfs.core.catalogue.activity import Activity


@dataclass(frozen=True, slots=True)
class Openings:
    """By activity the moment it opened or will open; one that is deleted, paused or over has none."""

    by_activity: Mapping[str, int] = field(default_factory=dict)
    moments_ms: tuple[int, ...] = ()
    """All of them, in order."""

    def newest(self, now_ms: int) -> int:
        """Return the last moment until now at which an activity opened, 0 for none.

        >>> Openings({"a": 5, "b": 9}, (5, 9)).newest(8)
        5
        """
        at = bisect_right(self.moments_ms, now_ms)
        return self.moments_ms[at - 1] if at else 0

    def changed(
        self, before: Mapping[str, Activity], changes: Mapping[str, Activity | None], told_ms: Mapping[str, int]
    ) -> Openings:
        """Return the openings after changes of activities; `told_ms` says by name when each change was told.

        An activity opens when its time begins, or when it is told if that is later. One that was open already keeps
        its moment whatever else of it changes: a corrected word is no reason to make a million lists.
        """
        found = dict(self.by_activity)
        for name, activity in changes.items():
            former = found.pop(name, None)
            told = told_ms[name]
            if activity is None or activity.status != "active" or activity.ends_ms <= told:
                continue
            known = before.get(name)
            was_open = known is not None and known.status == "active" and known.starts_ms <= told < known.ends_ms
            found[name] = former if was_open and former is not None else max(activity.starts_ms, told)
        return Openings(found, tuple(sorted(found.values())))
