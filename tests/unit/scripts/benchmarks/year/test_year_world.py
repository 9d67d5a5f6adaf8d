"""The shop's calendar."""

from __future__ import annotations

from tideline.scripts.benchmarks.year.year_world import DAY_MS, START_MS, calendar


def test_activities_come_and_go_and_are_deleted_after_the_attribution_window() -> None:
    """A deletion comes once nothing can be credited to the activity any more."""
    gone = {}
    for day, changes in calendar(60, seed=1).items():
        for change in changes:
            if change.activity is not None:
                gone[change.activity_id] = change.activity.ends_ms
            else:
                assert START_MS + day * DAY_MS >= gone[change.activity_id] + 7 * DAY_MS
    assert len(gone) > 800
