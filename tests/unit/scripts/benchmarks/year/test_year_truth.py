"""What truly happened in a simulated year."""

from __future__ import annotations

from tideline.scripts.benchmarks.year.year_truth import Shown, Truth
from tideline.scripts.benchmarks.year.year_world import DAY_MS, START_MS
from tideline.udfs.core.policies.arm_key import ArmKey


def test_the_truth_counts_a_purchase_once_and_for_what_was_clicked_last() -> None:
    """A purchase that comes again changes nothing; a later report with a token replaces its worth."""
    truth = Truth()
    old, new = (Shown("u1", (1, START_MS, seq), name, 1) for seq, name in ((1, "a"), (2, "b")))
    truth.click(old, START_MS + 10, capped=False)
    truth.click(new, START_MS + 20, capped=False)
    for _ in range(2):
        truth.purchase("e1", "u1", START_MS + 99, ("a", "b"), 5_000)
    assert truth.sums[ArmKey(1, "b")][START_MS // DAY_MS] == {
        "impressions": 1,
        "clicks": 1,
        "conversions": 1,
        "milli": 5_000,
    }
    assert "conversions" not in truth.sums[ArmKey(1, "a")][START_MS // DAY_MS]


def test_the_truth_dates_an_entry_by_its_earliest_event_however_late_it_comes() -> None:
    """Contract: a cap's window begins when the entry was first seen, in a tab that told of it last."""
    truth, shown = Truth(), Shown("u", (1, 5, 9), "a", 1)
    truth.impression(shown, 2_000, capped=True)
    truth.impression(shown, 1_000, capped=True)
    truth.click(shown, 3_000, capped=True)
    assert list(truth.impressions["u", "a"].values()) == [1_000]
