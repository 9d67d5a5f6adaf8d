"""Whether an activity may be shown at a moment, whoever looks, and if not why: in words, for people."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tideline.udfs.core.catalogue.activity import Activity


def why_closed(activity: Activity, at_ms: int) -> str | None:
    """Return why nobody may be shown an activity at a moment, None while it is open."""
    if activity.status != "active":
        return f"its status is {activity.status}"
    if at_ms < activity.starts_ms:
        return f"it opens {moment(activity.starts_ms)}"
    if at_ms >= activity.ends_ms:
        return f"it is over since {moment(activity.ends_ms)}"
    return None


def moment(ms: int) -> str:
    """Return a moment as people read it.

    >>> moment(1_700_000_000_000)
    '2023-11-14 22:13 UTC'
    """
    return f"{datetime.fromtimestamp(ms / 1000, UTC):%Y-%m-%d %H:%M} UTC"
