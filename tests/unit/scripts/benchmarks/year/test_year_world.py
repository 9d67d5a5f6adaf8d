"""The shop's calendar."""

from __future__ import annotations

from tideline.scripts.benchmarks.year.year_world import DAY_MS, START_MS, calendar
from tideline.udfs.core.catalogue.activity import decode_activity, encode_activity


def test_activities_come_and_go_and_are_deleted_after_the_attribution_window() -> None:
    """A deletion comes once nothing can be credited to the activity any more."""
    gone = {}
    for day, changes in calendar(60, seed=1).items():
        for change in changes:
            if change.activity is not None:
                gone[change.activity_id] = change.activity.ends_ms
            elif int(change.activity_id[1:]) % 20 not in (17, 19):  # those go before their time
                assert START_MS + day * DAY_MS >= gone[change.activity_id] + 7 * DAY_MS
    assert len(gone) > 800


def test_every_activity_is_one_that_a_marketer_may_write() -> None:
    """Contract: what the year's shop offers passes the validation of the topic, and is read back as it was written."""
    rules = set()
    for changes in calendar(20, seed=2).values():
        for name, activity in changes:
            if activity is None:
                continue
            assert decode_activity(name.encode(), encode_activity(activity)) == activity
            rules |= {each for each in ("rule", "cap", "caps", "hours", "budget", "stock") if getattr(activity, each)}
    assert len(rules) == 6
