"""Why an activity is open or closed at a moment."""

from __future__ import annotations

import pytest

from tests.support.core_world import DAY_MS, NOON_MS, activity
from tideline.udfs.core.catalogue.activity import Activity
from tideline.udfs.core.catalogue.opening import why_closed


@pytest.mark.parametrize(
    ("what", "at_ms", "why"),
    [
        (activity("a"), NOON_MS, None),
        (activity("a"), NOON_MS - DAY_MS, None),
        (activity("a"), NOON_MS - DAY_MS - 1, "it opens 2023-11-13 22:13 UTC"),
        (activity("a"), NOON_MS + DAY_MS - 1, None),
        (activity("a"), NOON_MS + DAY_MS, "it is over since 2023-11-15 22:13 UTC"),
        (activity("a", status="paused"), NOON_MS, "its status is paused"),
        (activity("a", status="ended"), NOON_MS + DAY_MS, "its status is ended"),
    ],
)
def test_a_moment_is_open_or_told_why_not(what: Activity, at_ms: int, why: str | None) -> None:
    """Contract: from its first moment to before its last, while it is active."""
    assert why_closed(what, at_ms) == why
