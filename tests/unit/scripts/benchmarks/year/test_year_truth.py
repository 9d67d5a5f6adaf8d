"""What truly happened in a simulated year."""

from __future__ import annotations

from tideline.scripts.benchmarks.year.year_truth import Shown, Truth
from tideline.scripts.benchmarks.year.year_world import DAY_MS, START_MS
from tideline.udfs.core.policies.arm_key import ArmKey


def test_the_truth_counts_a_purchase_once_and_for_what_was_clicked_last() -> None:
    """A purchase that comes again changes nothing; a later report with a token replaces its worth."""
    truth = Truth()
    old, new = (Shown("u1", (1, START_MS, seq), name, 1) for seq, name in ((1, "a"), (2, "b")))
    truth.click(old, START_MS + 10)
    truth.click(new, START_MS + 20)
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
    truth.impression(shown, 2_000)
    truth.impression(shown, 1_000)
    truth.click(shown, 3_000)
    assert list(truth.impressions["u"].values()) == [1_000]


def test_what_may_not_be_learned_is_in_the_ledger_and_in_no_sum() -> None:
    """Contract: what its user had agreed to when an entry was first told holds for all that comes of it."""
    truth, shown = Truth(), Shown("u", (1, START_MS, 9), "a", 1)
    for learned in (True, False):
        mine = shown._replace(user=str(learned))
        truth.impression(mine, START_MS, learned)
        truth.publications += 1
        truth.click(mine, START_MS)
        truth.conversion(mine, START_MS + 1, 5_000)
        truth.conversion(mine, START_MS + 2, 2_000)
    arm, day = ArmKey(1, "a"), START_MS // DAY_MS
    assert truth.ledgers["a"]["conversions"] == 2
    assert truth.sums[arm][day]["milli"] == truth.denied[arm][day]["milli"] == 2_000
    assert truth.converted["a"] == {0: 1, 1: 1}


def test_a_users_past_is_what_certainly_happened() -> None:
    """Contract: a purchase counts only as long as it is surely among the 31 newest events; events are told once."""
    truth = Truth()
    truth.heard("u", 1_000, "e0", bought="tea")
    truth.heard("u", 1_000, "e0", bought="tea")
    assert (truth.past("u").events, truth.past("u").bought) == (1, {"tea": 1_000})
    for number in range(1, 31):
        truth.heard("u", 1_000 + number, f"e{number}")
    assert (truth.past("u").events, truth.past("u").bought) == (31, {})
