"""Learning: exact sums, and the regression solved from them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.support.feedback_rows import FADING, NEVER, NOTHING, rows_of
from tideline.udfs.core.context import DIM
from tideline.udfs.core.learning.learning import (
    BUCKET,
    BUCKETS_PER_HALF_LIFE,
    Decay,
    add,
    decode_sums,
    encode_sums,
    forget,
    increments,
    merge,
)
from tideline.udfs.core.learning.solving import RIDGE, Solved, evidence, solve
from tideline.udfs.core.pairs.pair_numbers import PAIR_DIM

GOLDEN = Path(__file__).parents[4] / "golden" / "sums_v4.bin"
REWARDS = ("clicks", "conversions", "revenue_milli")


def solved_from(
    sums: NDArray[Any], decay: Decay = NEVER, newest: int = 0, prior: NDArray[np.float64] | None = None
) -> Solved:
    return solve(evidence(sums, decay, newest), RIDGE, prior)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 120), st.integers(1, 7), st.sampled_from([NEVER, FADING]))
def test_sums_do_not_depend_on_order_or_sharding(seed: int, count: int, shards: int, decay: Decay) -> None:
    """Contract: any order, any split, any number of additions and restores give the same bits."""
    rows, rng = rows_of(count, seed), np.random.default_rng(seed)
    expected = encode_sums(add(NOTHING, rows, decay), decay)
    shuffled = rows[rng.permutation(count)]
    parts = [NOTHING] * shards
    for piece, shard in zip(np.array_split(shuffled, 9), rng.integers(0, shards, 9).tolist(), strict=True):
        parts[shard] = decode_sums(encode_sums(add(parts[shard], piece, decay), decay), decay)
    merged = merge([parts[at] for at in rng.permutation(shards).tolist()])
    assert encode_sums(merged, decay) == expected


def test_sums_are_what_they_are_called() -> None:
    rows = rows_of(50, 1)
    (sums,) = add(NOTHING, rows, NEVER)
    x = rows["x"].astype(object)
    hundredths = (rows["impressions"] * (100 - rows["examination_discount"].astype(np.int64))).astype(object)
    expected = (x * hundredths[:, None]).T @ x
    assert sums["xx"].tolist() == [expected[i][j] for i in range(DIM) for j in range(i, DIM)]
    assert sums["rx"].tolist() == [
        [sum(int(reward) * row[at] for reward, row in zip(rows[name], x, strict=True)) for at in range(DIM)]
        for name in REWARDS
    ]
    assert sums["impressions"] == hundredths.sum()
    assert sums["dismissals"] == rows["dismissals"].sum()
    assert sums["rewards"].tolist() == [int(rows[name].sum(dtype=int)) for name in REWARDS]


@pytest.mark.parametrize(("count", "owners"), [(0, 1), (1, 1), (500, 1), (500, 60), (500, 500), (20_000, 3)])
def test_rows_of_many_owners_add_up_as_each_owner_alone(count: int, owners: int) -> None:
    """Contract: whole numbers, exact whatever stands beside them: also revenue whose products are above 2^53."""
    rows, rng = rows_of(count, 5), np.random.default_rng(count)
    rows["revenue_milli"] = np.where(rng.random(count) < 0.1, rng.integers(-(10**13), 10**13, count), 0)
    of_owner = np.sort(rng.integers(0, owners, count))
    those, found = increments(rows, of_owner, FADING)
    assert those.tolist() == sorted(those.tolist())
    for owner in sorted(set(those.tolist()))[:20]:
        assert found[those == owner].tobytes() == merge([add(NOTHING, row, FADING) for row in np.array_split(
            rows[of_owner == owner], 7)]).tobytes()  # fmt: skip
    whole = sum(rows["x"].astype(object) * rows["revenue_milli"].astype(object)[:, None], start=np.zeros(DIM, object))
    assert found["rx"][:, 2].astype(object).sum(axis=0).tolist() == whole.tolist()


def test_a_difference_takes_back_what_was_added() -> None:
    """Contract: late and corrected rewards are additions too."""
    rows = rows_of(30, 2)
    back = rows.copy()
    for name in ("impressions", "clicks", "conversions", "dismissals", "revenue_milli"):
        back[name] = -rows[name]
    (sums,) = add(add(NOTHING, rows, NEVER), back, NEVER)
    sums["bucket"] = 0
    assert not sums.tobytes().strip(b"\0")


def test_what_weighs_less_than_a_256th_is_forgotten() -> None:
    sums = np.zeros(40, BUCKET)
    sums["bucket"] = np.arange(40)
    kept = forget(sums, FADING, 39)
    assert kept["bucket"].tolist() == list(range(8, 40))
    weights = FADING.weights(np.array([7, 8, 39]), 39)
    assert weights[0] == 1 / 256
    assert weights[1] > 1 / 256
    assert weights[2] == 1.0


def test_today_reads_and_writes_the_golden_sums() -> None:
    """Contract: sums that a running job holds stay readable."""
    golden = GOLDEN.read_bytes()
    (sums,) = decode_sums(golden, FADING)
    assert (sums["bucket"], sums["impressions"], sums["dismissals"]) == (-3, 2**40, 5)
    assert sums["rewards"].tolist() == [7, 8, -9]
    assert sums["xx"].tolist() == list(range(1000, 1000 + DIM * (DIM + 1) // 2))
    assert sums["rx"].tolist() == [[100 * objective + at for at in range(DIM)] for objective in range(3)]
    assert sums["zz"].tolist() == list(range(3000, 3036))
    assert sums["zx"].tolist() == [[4000 + 20 * number + at for at in range(DIM)] for number in range(PAIR_DIM)]
    assert sums["zr"].tolist() == list(range(-8, 0))
    assert encode_sums(decode_sums(golden, FADING), FADING) == golden


def test_sums_of_an_unknown_version_are_refused() -> None:
    with pytest.raises(ValueError, match="sums of version 3; this build reads 4"):
        decode_sums(b"\x03" + GOLDEN.read_bytes()[1:], FADING)


DAY_MS = 86_400_000


def in_days(days: float) -> Decay:
    return Decay(round(days * DAY_MS))


@pytest.mark.parametrize(
    ("before", "after"),
    [(28, 56), (28, 30), (28, 14), (28, 0), (0, 28), (0, 56), (14, 28), (56, 3.5), (28, 28), (0, 0), (7, 0.125)],
)
def test_a_changed_half_life_keeps_what_it_should_and_learning_goes_on(before: float, after: float) -> None:
    """Contract: C3: all counts are kept but those older than eight of the new half-lives; new ones join them."""
    old, new = in_days(before), in_days(after)
    rows = rows_of(4_000, 3, span_ms=100 * DAY_MS)
    newest = int(old.bucket_of(rows["ts_ms"].astype(np.int64)).max())
    state = encode_sums(forget(add(NOTHING, rows, old, newest), old, newest), old)
    now = new.bucket_at(old.start_ms(newest))
    found = forget(decode_sums(state, new), new, now)
    age_ms = rows["ts_ms"].max() - rows["ts_ms"]
    kept = [half_life * DAY_MS for half_life in (before, after) if half_life]
    surely = rows[age_ms < 8 * min(kept, default=1e9) - max([*kept, 28 * DAY_MS]) / 2]
    assert found["impressions"].sum() >= int(
        (surely["impressions"] * (100 - surely["examination_discount"].astype(int))).sum()
    )
    if not after or not kept or 8 * min(kept) > 100 * DAY_MS:
        everything = add(NOTHING, rows, Decay(2**50))
        for name in ("impressions", "dismissals", "rewards", "xx", "rx"):
            assert (found[name].sum(axis=0) == everything[name].sum(axis=0)).all()
    more = rows_of(300, 4, span_ms=1)
    more["ts_ms"] += 101 * DAY_MS
    later = max(now, int(new.bucket_of(more["ts_ms"].astype(np.int64)).max()))
    added = forget(add(found, more, new, later), new, later)
    here = forget(found, new, later)
    gained = int((more["impressions"] * (100 - more["examination_discount"].astype(int))).sum())
    assert added["impressions"].sum() == here["impressions"].sum() + gained


@pytest.mark.parametrize("days", [28, 0, 0.01])
def test_state_of_ten_years_is_no_larger_than_of_eight_half_lives(days: float) -> None:
    """Contract: without a half-life what is long gone is one bucket, and nothing of it is lost."""
    decay = in_days(days)
    sums, newest, count = NOTHING, 0, 0
    for month in range(120):
        rows = rows_of(5, month, span_ms=DAY_MS)
        rows["ts_ms"] += month * 30 * DAY_MS
        count += int((rows["impressions"] * (100 - rows["examination_discount"].astype(int))).sum())
        newest = int(decay.bucket_of(rows["ts_ms"].astype(np.int64)).max())
        sums = forget(add(sums, rows, decay, newest), decay, newest)
        assert sums.size <= 8 * BUCKETS_PER_HALF_LIFE + 1
        assert days or sums["impressions"].sum() == count


def test_without_a_half_life_a_late_row_counts_where_the_others_of_its_time_are() -> None:
    """Contract: any order gives the same bytes also where buckets were joined."""
    early, late = rows_of(30, 1, span_ms=1), rows_of(30, 2, span_ms=1)
    late["ts_ms"] += 1_000 * DAY_MS
    newest = int(NEVER.bucket_of(late["ts_ms"].astype(np.int64)).max())
    first = forget(add(add(NOTHING, early, NEVER), late, NEVER, newest), NEVER, newest)
    second = forget(add(add(NOTHING, late, NEVER, newest), early, NEVER, newest), NEVER, newest)
    assert first.tobytes() == second.tobytes()
    assert first.size == 2


def test_an_activity_low_in_the_list_is_learned_as_what_it_is() -> None:
    """Contract: two alike, one shown where a third of the users look: rates equal with the places, far off without."""
    rng = np.random.default_rng(12)
    places = {"top": 1.0, "low": 0.35}
    rates = {}
    for named in (True, False):
        for name, place in places.items():
            rows = rows_of(40_000, 13)
            chances = 0.1 + 0.1 * (rows["x"][:, 1] > 0)
            rows["impressions"], rows["clicks"] = 1, rng.random(rows.size) < place * chances
            rows["examination_discount"] = round(100 * (1 - place)) if named else 0
            solved = solved_from(add(NOTHING, rows, NEVER))
            predicted = rows["x"][:2000] / 127.0 @ solved.theta[0]
            assert predicted.mean() == pytest.approx(solved.counts.rewards[0] / solved.counts.impressions, rel=0.03)
            rates[named, name] = predicted.mean()
    assert rates[True, "low"] == pytest.approx(0.15, rel=0.04)
    assert rates[True, "low"] == pytest.approx(rates[True, "top"], rel=0.06)
    assert rates[False, "low"] < 0.4 * rates[False, "top"]
