"""What is learned of pushes, against sums in plain Python."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.doc_pages import ROOT
from tests.support.push_rows import told_rows
from tideline.udfs.core.learning.intake import Refusal
from tideline.udfs.core.learning.learning import Decay
from tideline.udfs.core.push.learned.push_feedback import UNLEARNED, encode_push_rows
from tideline.udfs.core.push.learned.push_known import encode_known, known_of
from tideline.udfs.core.push.learned.push_learning import (
    LEDGER_HOURS,
    NO_PUSH_SUMS,
    PushSums,
    decode_push_sums,
    encode_push_sums,
    learned_pushes,
)

GOLDEN = ROOT / "tests" / "golden" / "push_sums_v1.bin"
DAY_MS, HOUR_MS = 86_400_000, 3_600_000
DECAYS = (Decay(0), Decay(DAY_MS))
FADES = Decay(DAY_MS)


def _learned(rows: Any, decay: Decay, known: PushSums = NO_PUSH_SUMS) -> PushSums:
    return learned_pushes(known, [encode_push_rows(rows)], decay).sums if rows.size else known


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 80), st.sampled_from(DECAYS), st.sampled_from((1, 9, 400)))
def test_neither_order_nor_batches_nor_restores_leave_a_trace(seed: int, count: int, decay: Decay, days: int) -> None:
    """Contract: the same rows give the same state and the same record, whatever is forgotten on the way."""
    rows, random = told_rows(count, seed, days * DAY_MS), np.random.default_rng(seed)
    expected = _learned(rows, decay)
    found = NO_PUSH_SUMS
    for piece in np.array_split(rows[random.permutation(count)], 6):
        found = decode_push_sums(encode_push_sums(_learned(piece, decay, found), decay), decay)
    assert encode_push_sums(found, decay) == encode_push_sums(expected, decay)
    assert encode_known(known_of(found, decay), 7) == encode_known(known_of(expected, decay), 7)


def test_the_effect_is_that_of_the_formula_in_fractions() -> None:
    """Contract: sums and both solutions of effects.py without a float, over the rows that are learned from."""
    rows = told_rows(300, 5)
    rows["rewards"] = np.random.default_rng(5).integers(-3, 4, (300, 3)) * np.array([1, 1, 1000])
    mine = rows[rows["unlearned"] != UNLEARNED]
    f = [[Fraction(int(n), 127) for n in (*row["x"], min(int(row["recent"]), 7) * 18)] for row in mine]
    d = [Fraction(256 * int(row["sent"]) - int(row["chance"]), 256) for row in mine]
    times = [int(row["decisions"]) for row in mine]
    design = _weighed(f, [t * each * each for t, each in zip(times, d, strict=True)], Fraction(2))
    tilt = _weighed(f, [t * each for t, each in zip(times, d, strict=True)], Fraction(0))
    base = _weighed(f, [Fraction(t) for t in times], Fraction(2))
    theta = known_of(_learned(rows, Decay(0)), Decay(0)).effects.theta
    for objective, unit in enumerate((Fraction(1), Fraction(1), Fraction(1, 1000))):
        r = [int(row["rewards"][objective]) * unit for row in mine]
        anyway = _solved(base, _moment(f, r))
        turned = [sum(a * b for a, b in zip(line, anyway, strict=True)) for line in tilt]
        centred = _moment(f, [a * b for a, b in zip(d, r, strict=True)])
        effect = _solved(design, [a - b for a, b in zip(centred, turned, strict=True)])
        off = [abs(each * 2**24 - int(said)) for each, said in zip(effect, theta[objective], strict=True)]
        assert max(off) <= 1  # of 2^-24: floats solve it
        assert any(effect)


def _weighed(f: list[list[Fraction]], weights: list[Fraction], ridge: Fraction) -> list[list[Fraction]]:
    size = range(len(f[0]))
    found = [[ridge if i == j else Fraction(0) for j in size] for i in size]
    for row, weight in zip(f, weights, strict=True):
        if weight:
            for i in size:
                for j in size:
                    found[i][j] += weight * row[i] * row[j]
    return found


def _moment(f: list[list[Fraction]], weights: list[Fraction]) -> list[Fraction]:
    return [sum((row[i] * weight for row, weight in zip(f, weights, strict=True)), Fraction(0)) for i in range(17)]


def _solved(matrix: list[list[Fraction]], right: list[Fraction]) -> list[Fraction]:
    rows = [[*line, value] for line, value in zip(matrix, right, strict=True)]
    for at in range(len(rows)):
        pivot = next(row for row in range(at, len(rows)) if rows[row][at])
        rows[at], rows[pivot] = rows[pivot], rows[at]
        rows[at] = [each / rows[at][at] for each in rows[at]]
        for other, row in enumerate(rows):
            if other != at and row[at]:
                rows[other] = [a - row[at] * b for a, b in zip(row, rows[at], strict=True)]
    return [row[-1] for row in rows]


def test_the_ledger_counts_points_and_messages_by_hour_and_forgets_after_eight_days() -> None:
    """Contract: also those that are not learned from: what was sent has used its room."""
    rows = told_rows(200, 9, 12 * DAY_MS)
    newest = int(rows["ts_ms"].max())
    counted: dict[int, list[int]] = {}
    for row in rows:
        hour = int(row["ts_ms"]) // HOUR_MS
        if hour > newest // HOUR_MS - LEDGER_HOURS and row["decisions"]:
            of_hour = counted.setdefault(hour, [0, 0])
            of_hour[0] += 100
            of_hour[1] += int(row["sent"])
    ledger = _learned(rows, FADES).ledger
    assert {int(row["hour"]): [int(row["exposure"]), int(row["impressions"])] for row in ledger} == counted
    assert rows["unlearned"].any()


def test_what_is_older_than_all_that_is_kept_is_set_aside() -> None:
    """Contract: it is counted; without a half-life the past stays, as one bucket from eight times 28 days on."""
    rows = told_rows(4, 3)
    rows["unlearned"], rows["decisions"], rows["ts_ms"][3] = 0, 1, rows["ts_ms"][0] + 9 * DAY_MS
    found = learned_pushes(NO_PUSH_SUMS, [encode_push_rows(rows)], FADES)
    assert (found.rows, found.refused) == (1, {Refusal.FORGOTTEN: 3})
    rows["ts_ms"][:3] -= np.array([300, 600, 900]) * DAY_MS
    kept = learned_pushes(NO_PUSH_SUMS, [encode_push_rows(rows)], Decay(0))
    assert (kept.rows, kept.sums.effects.size) == (4, 2)
    assert kept.sums.effects["values"].sum() == 4


def test_state_bytes_are_those_that_were_kept_and_migrate_with_the_half_life() -> None:
    """Contract: a later build reads them; a restart with another half-life keeps the numbers; no other version is."""
    sums = _learned(told_rows(30, 11, DAY_MS // 2), FADES)
    content = encode_push_sums(sums, FADES)
    assert content == GOLDEN.read_bytes()
    wider = decode_push_sums(content, Decay(8 * DAY_MS))
    assert wider.effects["base"].sum(axis=0).tolist() == sums.effects["base"].sum(axis=0).tolist()
    assert wider.effects.size < sums.effects.size
    with pytest.raises(ValueError, match="sums of pushes of version 2; this build reads 1"):
        decode_push_sums(bytes([2]) + content[1:], FADES)
