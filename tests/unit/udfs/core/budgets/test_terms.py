"""What a ledger is held against."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.core_world import NOON_MS, activity
from tideline.udfs.core.budgets.terms import NO_LIMIT, Terms, decode_terms, encode_terms, terms_of

GOLDEN = Path(__file__).parents[4] / "golden" / "terms_v3.bin"


def test_an_activity_without_budget_and_floor_has_no_terms() -> None:
    """Contract: nor has one that costs nothing, whatever its budget, nor one of a cost without a budget."""
    assert terms_of(activity("a"), 0) is None
    assert terms_of(activity("a", budget=5.0), 0) is None
    assert terms_of(activity("a", cost=5.0), 0) is None


def test_amounts_are_whole_cents_and_nothing_that_costs_costs_none() -> None:
    terms = terms_of(activity("a", budget=12.345, cost=0.001), NOON_MS)
    assert terms is not None
    assert (terms.budget_cents, terms.cost_cents, terms.since_ms) == (1234, 1, NOON_MS)
    owed = terms_of(activity("a", exposure_floor=0.1, cost=2.0), 0)
    assert owed is not None
    assert (owed.budget_cents, owed.floor, owed.since_ms) == (NO_LIMIT, 0.1, activity("a").starts_ms)


def test_state_of_version_3_is_read() -> None:
    """Contract: the golden file, byte for byte."""
    times = 1_700_000_000_001, 1_700_000_000_002
    limits = 5_000, 40, 1_700_000_000_003, 7, 1
    terms = Terms(10_000, 250, 1_700_000_000_000, 1_700_086_400_000, 0.02, 1.5, *times, 200, *limits, True, True)
    assert encode_terms(terms) == GOLDEN.read_bytes()
    assert decode_terms(GOLDEN.read_bytes()) == terms


def test_another_version_is_refused() -> None:
    with pytest.raises(ValueError, match="terms of version 9; this build reads 3"):
        decode_terms(b"\x09")
