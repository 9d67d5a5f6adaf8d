"""Why an activity is open or closed at a moment."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.core_world import DAY_MS, NOON_MS, activity
from tideline.udfs.core.catalogue.activity import Activity
from tideline.udfs.core.catalogue.opening import why_closed

HOUR_MS = 3_600_000
LATE: dict[str, Any] = {"hours": (("all", "23:00", "24:00"),), "time_zone": "Europe/Berlin"}
"""NOON_MS is 23:13 there."""


@pytest.mark.parametrize(
    ("what", "at_ms", "why"),
    [
        (activity("a"), NOON_MS, None),
        (activity("a"), NOON_MS - DAY_MS, None),
        (activity("a"), NOON_MS - DAY_MS - 1, "it opens 2023-11-13 22:13 UTC"),
        (activity("a"), NOON_MS + DAY_MS - 1, None),
        (activity("a"), NOON_MS + DAY_MS, "it is over since 2023-11-15 22:13 UTC"),
        (activity("a", **LATE), NOON_MS, None),
        (activity("a", **LATE), NOON_MS - HOUR_MS, "its hours begin 2023-11-14 22:00 UTC"),
        (activity("a", **LATE), NOON_MS + HOUR_MS, "its hours begin 2023-11-15 22:00 UTC"),
        (activity("a", **LATE, ends_ms=NOON_MS + 2 * HOUR_MS), NOON_MS + HOUR_MS, "its hours are over"),
        (activity("a", status="paused"), NOON_MS, "its status is paused"),
        (activity("a", status="ended"), NOON_MS + DAY_MS, "its status is ended"),
    ],
)
def test_a_moment_is_open_or_told_why_not(what: Activity, at_ms: int, why: str | None) -> None:
    """Contract: from its first moment to before its last, while it is active."""
    assert why_closed(what, at_ms) == why
