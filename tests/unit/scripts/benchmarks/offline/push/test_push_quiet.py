"""Pushes of some weeks, in zones whose clocks change."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tideline.scripts.benchmarks.offline.push import push_quiet
from tideline.udfs.core.push.send_hours import Clocks


def test_no_push_is_sent_in_quiet_hours() -> None:
    """Contract: nor at the last moment before it expires; many would have been, had nobody looked again."""
    found = push_quiet.year_of(days=100, users=3)
    assert found.quiet == 0
    assert found.sent > 2_000
    assert 0 < found.held_back < found.dropped


@pytest.mark.parametrize(
    ("local", "is_open"),
    [((3, 12, 0), True), ((3, 7, 59), False), ((6, 0, 30), False), ((7, 0, 59), True), ((7, 1, 0), False)],
)
def test_the_judge_knows_hours_that_cross_midnight(local: tuple[int, int, int], *, is_open: bool) -> None:
    """Contract: of January 2026, whose third is a Saturday and whose sixth a Tuesday, open until one on Wednesday."""
    day, hour, minute = local
    hours = (("sat", "08:00", "21:00"), ("tue", "22:00", "01:00"))
    at_ms = int(datetime(2026, 1, day, hour, minute, tzinfo=UTC).timestamp() * 1000)
    assert push_quiet.open_by_zoneinfo(Clocks(hours, ("UTC",)), at_ms) is is_open


def test_one_zone_in_quiet_hours_is_enough() -> None:
    at_ms = int(datetime(2026, 1, 5, 12, tzinfo=UTC).timestamp() * 1000)
    berlin, both = (Clocks(push_quiet.DAYTIME, each) for each in (("Europe/Berlin",), ("Europe/Berlin", "Asia/Tokyo")))
    assert push_quiet.open_by_zoneinfo(berlin, at_ms)
    assert not push_quiet.open_by_zoneinfo(both, at_ms)
