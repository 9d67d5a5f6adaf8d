"""Whether an activity may be shown at a moment, whoever looks, and if not why: in words, for people."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

from tideline.udfs.core.catalogue.eligibility.hours import minutes_open
from tideline.udfs.core.local_time import WEEK, changes

if TYPE_CHECKING:
    from tideline.udfs.core.catalogue.activity import Activity

_MINUTE_MS = 60_000


def why_closed(activity: Activity, at_ms: int) -> str | None:
    """Return why nobody may be shown an activity at a moment, None while it is open."""
    if activity.status != "active":
        return f"its status is {activity.status}"
    if at_ms < activity.starts_ms:
        return f"it opens {moment(activity.starts_ms)}"
    if at_ms >= activity.ends_ms:
        return f"it is over since {moment(activity.ends_ms)}"
    opens_ms = next_open(activity, at_ms)
    if opens_ms == at_ms:
        return None
    return "its hours are over" if opens_ms is None else f"its hours begin {moment(opens_ms)}"


def next_open(activity: Activity, at_ms: int) -> int | None:
    """Return the first moment, from one inside its time window on, at which its hours are open; None: there is none."""
    if not activity.hours:
        return at_ms
    zone, left = activity.time_zone or "UTC", minutes_open(activity.hours)
    end = -(-activity.ends_ms // _MINUTE_MS)
    minutes = np.arange(at_ms // _MINUTE_MS, min(end, at_ms // _MINUTE_MS + 2 * WEEK))
    found = minutes[left[changes(zone, minutes).at(minutes)] > 0]
    return max(at_ms, int(found[0]) * _MINUTE_MS) if found.size else None


def moment(ms: int) -> str:
    """Return a moment as people read it.

    >>> moment(1_700_000_000_000)
    '2023-11-14 22:13 UTC'
    """
    return f"{datetime.fromtimestamp(ms / 1000, UTC):%Y-%m-%d %H:%M} UTC"
