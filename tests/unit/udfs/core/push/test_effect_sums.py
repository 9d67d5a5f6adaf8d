"""Sums of what came of sending and of withholding."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.push_rows import push_rows
from tideline.udfs.core.learning.learning import Decay
from tideline.udfs.core.push.effect_sums import (
    EFFECT_SUMS,
    EFFECT_UPPER,
    MAX_MILLI,
    NO_EFFECT_SUMS,
    decode_effect_sums,
    effect_entries,
    encode_effect_sums,
    forgotten_effects,
    merged_effects,
    sound,
    weighed_effects,
)

GOLDEN = Path(__file__).parents[4] / "golden" / "effect_sums_v1.bin"
DAY_MS = 86_400_000
DECAY = Decay(4 * DAY_MS)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 80), st.integers(1, 5))
def test_sums_do_not_depend_on_order_split_or_restores(seed: int, count: int, shards: int) -> None:
    """Contract: the same decision points give the same bytes."""
    rows, random = push_rows(count, seed, 9 * DAY_MS), np.random.default_rng(seed)
    expected = encode_effect_sums(effect_entries(rows, DECAY), DECAY)
    parts = [NO_EFFECT_SUMS] * shards
    pieces = np.array_split(rows[random.permutation(count)], 7)
    for piece, shard in zip(pieces, random.integers(0, shards, 7).tolist(), strict=True):
        kept = merged_effects([parts[shard], effect_entries(piece, DECAY)])
        parts[shard] = decode_effect_sums(encode_effect_sums(kept, DECAY), DECAY)
    assert encode_effect_sums(merged_effects(parts), DECAY) == expected


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 50))
def test_what_is_taken_back_leaves_nothing(seed: int, count: int) -> None:
    """Contract: an erased user's decision points and all that came of them; not even a row of zeros."""
    rows = push_rows(count, seed, 9 * DAY_MS)
    back = rows.copy()
    for name in ("decisions", "unsubscribed", "rewards"):
        back[name] = -rows[name]
    assert merged_effects([effect_entries(rows, DECAY), effect_entries(back, DECAY)]).size == 0


def test_rewards_add_up_as_they_come() -> None:
    """Contract: a point told at once and one whose rewards come later are the same sums."""
    whole = push_rows(40, 3)
    whole["decisions"], whole["unsubscribed"] = 1, 0
    begun, later = whole.copy(), np.concatenate([whole, whole])
    begun["rewards"] = 0
    later["decisions"], later["rewards"][:40] = 0, whole["rewards"] - 7
    later["rewards"][40:] = 7
    assert np.array_equal(effect_entries(np.concatenate([later, begun]), DECAY), effect_entries(whole, DECAY))


def test_numbers_are_those_of_the_formula_in_plain_python() -> None:
    """Contract: without a product of matrices, one row after another."""
    rows = push_rows(25, 5)
    found = effect_entries(rows, DECAY)[0]
    pairs = list(zip(*(each.tolist() for each in EFFECT_UPPER), strict=True))
    for place, (i, j) in enumerate(pairs):
        sums = [0, 0, 0]
        for row in rows:
            f = [*row["x"].tolist(), min(int(row["recent"]), 7) * 18]
            d = 256 * int(row["sent"]) - int(row["chance"])
            for at, weight in enumerate((d * d, d, 1)):
                sums[at] += weight * f[i] * f[j] * int(row["decisions"])
        assert [int(found[name][place]) for name in ("design", "tilt", "base")] == sums
    assert int(found["sends"].sum()) == int((rows["sent"] * rows["decisions"]).sum())
    assert int(found["withheld"]) == int(((1 - rows["sent"].astype(int)) * rows["decisions"]).sum())


@pytest.mark.parametrize(
    ("name", "value"),
    [("chance", 0), ("sent", 2), ("decisions", 2), ("unsubscribed", -2), ("rewards", MAX_MILLI + 1)],
)
def test_a_row_that_cannot_be_right_is_not_sound(name: str, value: int) -> None:
    """Contract: no chance of 0, no point twice, no purchase beyond all measure."""
    rows = push_rows(2, 1)
    assert sound(rows).all()
    rows[name][0] = value
    assert sound(rows).tolist() == [False, True]


def test_the_past_fades_by_whole_buckets_and_is_forgotten() -> None:
    """Contract: half a half-life ago weighs .71; what weighs too little is dropped, without a half-life nothing is."""
    sums = np.zeros(3, EFFECT_SUMS)
    sums["bucket"], sums["withheld"] = [100, 130, 132], [7, 8, 8]
    assert float(weighed_effects(sums, DECAY)["withheld"]) == pytest.approx(7 / 256 + 8 / 2**0.5 + 8)
    assert forgotten_effects(sums, DECAY)["bucket"].tolist() == [130, 132]
    assert forgotten_effects(sums, Decay(0)).size == 3
    assert float(weighed_effects(NO_EFFECT_SUMS, DECAY)["withheld"]) == 0.0


def test_another_half_life_moves_buckets_and_loses_no_count() -> None:
    """Contract: a point goes where its bucket begins."""
    sums = effect_entries(push_rows(60, 2, 20 * DAY_MS), DECAY)
    moved = decode_effect_sums(encode_effect_sums(sums, DECAY), Decay(8 * DAY_MS))
    assert moved.size < sums.size
    assert moved["values"].sum(axis=0).tolist() == sums["values"].sum(axis=0).tolist()
    assert moved["bucket"].tolist() == sorted({each // 2 for each in sums["bucket"].tolist()})


def test_state_of_version_1_is_read() -> None:
    """Contract: the golden file, byte for byte."""
    sums = effect_entries(push_rows(5, 11, DAY_MS), DECAY)
    assert encode_effect_sums(sums, DECAY) == GOLDEN.read_bytes()
    assert np.array_equal(decode_effect_sums(GOLDEN.read_bytes(), DECAY), sums)


def test_another_version_is_refused() -> None:
    with pytest.raises(ValueError, match="sums of pushes of version 9; this build reads 1"):
        decode_effect_sums(b"\x09" + bytes(8), DECAY)
