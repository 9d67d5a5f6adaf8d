"""The ledger: exact sums by hour."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.feedback_rows import rows_of
from tideline.udfs.core.budgets.ledger import (
    HOURLY_MS,
    LEDGER,
    NO_LAGS,
    NO_LEDGER,
    by_cut,
    by_day,
    decode_ledger,
    encode_ledger,
    entries,
    lags_of,
    merged,
)

GOLDEN = Path(__file__).parents[4] / "golden" / "ledger_v2.bin"
COST = 250


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 120), st.integers(1, 7))
def test_a_ledger_does_not_depend_on_order_split_or_restores(seed: int, count: int, shards: int) -> None:
    """Contract: the same feedback gives the same bytes."""
    rows, rng = rows_of(count, seed, 400_000_000), np.random.default_rng(seed)
    expected = encode_ledger(entries(rows, COST, COST))
    parts = [NO_LEDGER] * shards
    pieces = np.array_split(rows[rng.permutation(count)], 9)
    for piece, shard in zip(pieces, rng.integers(0, shards, 9).tolist(), strict=True):
        parts[shard] = decode_ledger(encode_ledger(merged([parts[shard], entries(piece, COST, COST)])))[0]
    assert encode_ledger(merged(parts)) == expected


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 60))
def test_what_is_taken_back_leaves_nothing(seed: int, count: int) -> None:
    """Contract: not even a row of zeros."""
    rows = rows_of(count, seed, 400_000_000)
    back = rows.copy()
    back["lag"], back["lag_before"] = 0, rows["lag"]
    assert not (lags_of(rows) + lags_of(back)).any()
    for name in ("impressions", "clicks", "conversions"):
        back[name] = -rows[name]
    assert merged([entries(rows, COST, COST), entries(back, COST, COST)]).size == 0


def test_what_is_long_past_stands_by_day_and_never_crosses_a_cut() -> None:
    """Contract: the sums before and after any cut are what they were; what is recent stands where it stood."""
    hourly = np.zeros(60 * 24, LEDGER)
    hourly["hour"], hourly["impressions"] = 24_000 + np.arange(hourly.size), 1
    cuts = [24_030, 24_100, 24_101]
    daily = by_day(hourly, HOURLY_MS, cuts)
    assert daily.size == 29 * 24 + 31 + len(cuts)
    for cut in (*cuts, 24_000 + 31 * 24, 24_000 + 50 * 24):
        assert [each["impressions"][each["hour"] >= cut].sum() for each in (daily, hourly)] == [
            hourly.size - cut + 24_000
        ] * 2
    assert by_day(daily, HOURLY_MS, cuts).tolist() == daily.tolist()
    assert by_day(NO_LEDGER, HOURLY_MS, cuts).size == 0


def test_of_all_together_only_sums_since_a_cut_are_kept() -> None:
    """Contract: those are what they were, of a cut that comes with the newest hour too."""
    hourly = np.zeros(100, LEDGER)
    hourly["hour"], hourly["impressions"] = 24_000 + np.arange(100), 1
    found = by_cut(hourly, [24_010, 24_050, 24_200])
    assert found[["hour", "impressions"]].tolist() == [(24_010, 40), (24_050, 49), (24_099, 1)]
    assert by_cut(found, [24_010, 24_050, 24_099]).tolist() == found.tolist()
    assert by_cut(hourly, []).size == by_cut(NO_LEDGER, [1]).size == 0


def test_a_ledger_is_what_it_is_called() -> None:
    rows = rows_of(50, 1)
    total = {
        name: int(entries(rows, COST, COST)[name].sum()) for name in ("impressions", "clicks", "cost_cents", "exposure")
    }
    places = 100 - rows["examination_discount"].astype(np.int64)
    assert total == {
        "impressions": int(rows["impressions"].sum()),
        "clicks": int(rows["clicks"].sum()),
        "cost_cents": COST * int(rows["conversions"].sum()),
        "exposure": int((rows["impressions"] * places).sum()),
    }


def test_state_of_version_2_is_read() -> None:
    """Contract: the golden file, byte for byte."""
    ledger = np.array([(471_000, 380, 4, 2, 1, 250), (471_001, -100, -1, 0, 0, -(2**40))], LEDGER)
    lags = NO_LAGS.copy()
    lags[[1, 23]] = 2, 1
    assert encode_ledger(ledger, lags) == GOLDEN.read_bytes()
    back, lags_back = decode_ledger(GOLDEN.read_bytes())
    assert (back.tolist(), lags_back.tolist()) == (ledger.tolist(), lags.tolist())


def test_another_version_is_refused() -> None:
    with pytest.raises(ValueError, match="ledger of version 9; this build reads 2"):
        decode_ledger(b"\x09")
