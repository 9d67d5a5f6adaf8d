"""The simulated year: a few of its days."""

from __future__ import annotations

import zlib

from tideline.scripts.benchmarks.year import year
from tideline.scripts.benchmarks.year.year_adversary import twin
from tideline.scripts.benchmarks.year.year_truth import Shown, Truth
from tideline.scripts.benchmarks.year.year_world import DAY_MS, START_MS, calendar


def test_a_few_days_of_the_year_lose_nothing_unseen_and_learn_no_foreign_name() -> None:
    """Each honest event is taken in or counted; the adversary moves nothing but the entries of his own lists."""
    found = year.measure(days=4, seed=3, users=400, sessions=12)
    assert not {"lost_without_counter", "adversary_beyond", "foreign_name", "window_broken"} & set(found["violations"])
    assert found["days"] == 4
    assert found["events"] > 2_000


def test_the_same_seed_plays_the_same_year() -> None:
    """Nothing but the measured times differs between two runs of one seed."""
    one, two = (year.measure(days=2, seed=9, users=200, sessions=6) for _ in range(2))
    for timed in ("start_s", "publish_ms"):
        one.pop(timed), two.pop(timed)
    assert one == two


def test_a_twin_is_another_id_with_the_same_checksum() -> None:
    """The adversary's ids have letters only and collide in all 32 bits."""
    for name in ("a00001", "a04711", "z"):
        other = twin(name)
        assert other != name
        assert other.isalpha()
        assert zlib.crc32(other.encode()) == zlib.crc32(name.encode())


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


def test_the_truth_counts_a_purchase_once_and_for_what_was_clicked_last() -> None:
    """A purchase that comes again changes nothing; a later report with a token replaces its worth."""
    truth = Truth()
    old, new = (Shown("u1", (1, START_MS, seq), name, 1) for seq, name in ((1, "a"), (2, "b")))
    truth.click(old, START_MS + 10, capped=False)
    truth.click(new, START_MS + 20, capped=False)
    for _ in range(2):
        truth.purchase("e1", "u1", START_MS + 99, ("a", "b"), 5_000)
    assert truth.sums[1, "b"][START_MS // DAY_MS] == {"impressions": 1, "clicks": 1, "conversions": 1, "milli": 5_000}
    assert "conversions" not in truth.sums[1, "a"][START_MS // DAY_MS]


def test_the_truth_dates_an_entry_by_its_earliest_event_however_late_it_comes() -> None:
    """Contract: a cap's window begins when the entry was first seen, in a tab that told of it last."""
    truth, shown = Truth(), Shown("u", (1, 5, 9), "a", 1)
    truth.impression(shown, 2_000, capped=True)
    truth.impression(shown, 1_000, capped=True)
    truth.click(shown, 3_000, capped=True)
    assert list(truth.impressions["u", "a"].values()) == [1_000]
