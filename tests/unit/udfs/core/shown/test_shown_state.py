"""What is remembered of what a user was shown."""

from __future__ import annotations

from tideline.udfs.core.shown.shown_state import BOUGHT, REPORTED, worth_of


def test_reports_rank_by_source_and_time_and_the_lower_worth() -> None:
    """Contract: values beat purchases; newest value, first purchase; at one moment the lower worth."""
    assert worth_of(REPORTED, 5, 1) > worth_of(BOUGHT, 9, 100)
    assert worth_of(REPORTED, 6, 1) > worth_of(REPORTED, 5, 9)
    assert worth_of(BOUGHT, 5, 1) > worth_of(BOUGHT, 6, 9)
    assert worth_of(REPORTED, 5, -3) > worth_of(REPORTED, 5, 9)
