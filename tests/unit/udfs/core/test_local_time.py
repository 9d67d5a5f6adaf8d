"""What clocks show, in zones whose clocks are put forward and back in every way."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from tests.support.plain_rules import zone_of
from tideline.udfs.core.local_time import DAY, HOUR, NEVER, changes, zones

_1973, _2026, _9998 = (int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) // 60 for year in (1973, 2026, 9998))


@pytest.mark.parametrize(
    "zone",
    [
        "UTC",
        "Europe/Berlin",
        "America/New_York",
        "Australia/Lord_Howe",
        "Asia/Kathmandu",
        "Africa/Cairo",
        "Pacific/Apia",
    ],
)
def test_a_clock_shows_what_the_time_zone_database_says(zone: str) -> None:
    """Contract: each quarter of an hour of a year, over half an hour's, two and no changes a year."""
    minutes = np.arange(_2026, _2026 + 365 * DAY, 15)
    shown = changes(zone, minutes).at(minutes).tolist()
    for minute, clock in zip(minutes.tolist()[::7], shown[::7], strict=True):
        local = datetime.fromtimestamp(minute * 60, UTC).astimezone(zone_of(zone))
        assert clock == local.weekday() * DAY + local.hour * HOUR + local.minute


def test_a_change_is_known_to_the_minute_and_the_next_year_is_in_sight() -> None:
    new_year = np.array([_2026 - 1])
    clocks = changes("Europe/Berlin", new_year)
    (forward,) = clocks.after(new_year).tolist()
    assert datetime(1970, 1, 1, tzinfo=UTC) + timedelta(minutes=forward) == datetime(2026, 3, 29, 1, tzinfo=UTC)
    before, after = clocks.at(np.array([forward - 1, forward])).tolist()
    assert after - before == HOUR + 1
    assert changes("UTC", new_year).after(new_year).tolist() == [NEVER]


@pytest.mark.parametrize("moment", [0, 253_402_300_799 // 60])
def test_the_first_and_the_last_moment_can_be_told(moment: int) -> None:
    assert changes("Europe/Berlin", np.array([moment])).at(np.array([moment])).tolist()[0] in range(7 * DAY)


def test_zones_are_known_by_their_names() -> None:
    assert {"UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires"} <= zones()
    assert not {"Berlin", "../zones", "", "europe/berlin"} & zones()


def test_moments_far_apart_are_told_as_each_alone() -> None:
    """Contract: of two clocks one may be of 1973 or 9998; only the years of the moments and those after them count."""
    moments = np.array([_1973, _2026, _2026 + 180 * DAY, _9998, _9998 + 180 * DAY])
    together = changes("Europe/Berlin", moments)
    alone = [changes("Europe/Berlin", moments[at : at + 1]) for at in range(moments.size)]
    assert together.at(moments).tolist() == [each.at(moments[at : at + 1])[0] for at, each in enumerate(alone)]
    assert together.starts.size < 20
