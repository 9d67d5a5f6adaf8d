"""What a push adds, solved from sums."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.push_rows import push_rows
from tideline.udfs.core.context import CONSTANT_X, DIM
from tideline.udfs.core.learning.learning import Decay
from tideline.udfs.core.push.effect_sums import NO_EFFECT_SUMS, PUSH_ROWS, effect_entries, features
from tideline.udfs.core.push.effects import Costs, effects_of, push_values, push_widths, unsubscribe_rates

STEADY = Decay(0)
CLICKS = Costs((1.0, 0.0, 0.0))


def test_theta_is_that_of_two_regressions_over_the_rows_themselves() -> None:
    """Contract: what users bring anyway by least squares over all, then the effect of what is left of it."""
    rows = push_rows(300, 4)
    rows["decisions"], rows["recent"] = 1, rows["recent"] % 8
    f = features(rows["x"], rows["recent"]) / 127.0
    d = (256.0 * rows["sent"] - rows["chance"]) / 256.0
    ridge = 2.0 * np.eye(f.shape[1])
    found = effects_of(effect_entries(rows, STEADY), STEADY).theta * 2.0**-24
    for at, unit in enumerate((1.0, 1.0, 0.001)):
        r = rows["rewards"][:, at] * unit
        anyway = f @ np.linalg.solve(f.T @ f + ridge, f.T @ r)
        expected = np.linalg.solve(f.T @ (f * d[:, None] ** 2) + ridge, f.T @ (d * (r - anyway)))
        assert found[at] == pytest.approx(expected, rel=1e-6, abs=1e-4)


def test_who_buys_anyway_is_worth_no_push() -> None:
    """Contract: half of the users always buy and half only when pushed; the effect is of the second."""
    random = np.random.default_rng(1)
    rows = np.zeros(20_000, PUSH_ROWS)
    loyal = random.random(rows.size) < 0.5
    rows["x"][:, 0], rows["x"][:, 1] = CONSTANT_X, np.where(loyal, 90, -90)
    rows["chance"], rows["decisions"], rows["sent"] = 230, 1, random.random(rows.size) < 0.9
    rows["rewards"][:, 0] = loyal | (rows["sent"] == 1)
    effects = effects_of(effect_entries(rows, STEADY), STEADY)
    values = push_values(effects, CLICKS, rows["x"][[loyal.argmax(), loyal.argmin()]], np.zeros(2, np.int64))
    assert values / 2.0**24 == pytest.approx([0.0, 1.0], abs=0.02)


def test_without_sums_nothing_is_known_and_costs_alone_count() -> None:
    """Contract: a push and the chance that its user is gone afterwards, one in a thousand."""
    effects = effects_of(NO_EFFECT_SUMS, STEADY)
    costs = Costs((1.0, 1.0, 1.0), push=0.25, subscription=50.0)
    values = push_values(effects, costs, np.full((1, DIM), 90, np.int8), np.zeros(1, np.int64))
    assert not effects.known
    assert values.tolist() == [-round(0.3 * 2**24)]


def test_both_sides_must_have_been_seen() -> None:
    """Contract: 200 sent and 200 withheld, else it is not known what pushes add."""
    rows = push_rows(400, 1)
    rows["decisions"], rows["sent"] = 1, np.arange(400) % 2
    assert effects_of(effect_entries(rows, STEADY), STEADY).known
    rows["sent"][0] = 1
    assert not effects_of(effect_entries(rows, STEADY), STEADY).known


def test_a_width_is_how_far_values_lie_from_the_truth() -> None:
    """Contract: over 200 logs of one shop, of purchases and of what they bring, within a sixth of their spread."""
    x = np.zeros((3, DIM), np.int8)
    x[:, 0], x[:, 1] = CONSTANT_X, [-60, 0, 60]
    for weights in ((0.0, 5.0, 0.0), (0.0, 2.0, 0.5)):
        found, told = [], []
        for seed in range(200):
            random = np.random.default_rng(seed)
            rows = np.zeros(3_000, PUSH_ROWS)
            rows["x"][:, 0], rows["x"][:, 1] = CONSTANT_X, random.integers(-60, 61, rows.size)
            rows["chance"], rows["decisions"], rows["sent"] = 192, 1, random.random(rows.size) < 0.75
            rows["rewards"][:, 1] = random.random(rows.size) < 0.05
            rows["rewards"][:, 2] = rows["rewards"][:, 1] * np.rint(random.exponential(20_000.0, rows.size))
            effects = effects_of(effect_entries(rows, STEADY), STEADY)
            asked = effects, Costs(weights), x, np.zeros(3, np.int64)
            found.append(push_values(*asked))
            told.append(push_widths(*asked))
        assert np.mean(told, axis=0) == pytest.approx(np.std(found, axis=0), rel=1 / 6)


def test_without_sums_the_width_is_that_of_nothing_brought() -> None:
    """Contract: it says nothing then, and `known` says so; revenue without purchases is no division by nothing."""
    nothing = effects_of(NO_EFFECT_SUMS, STEADY)
    x, recent = np.full((2, DIM), 90, np.int8), np.array([0, 9])
    assert push_widths(nothing, CLICKS, x, recent).tolist() == [0, 0]
    rows = push_rows(300, 6)
    rows["rewards"], rows["decisions"] = 0, 1
    rows["rewards"][:, 2] = 5_000
    effects = effects_of(effect_entries(rows, STEADY), STEADY)
    widths = push_widths(effects, Costs((0.0, 0.0, 1.0)), x, recent)
    assert (widths > 0).all()
    assert push_widths(effects, Costs((0.0, 0.0, 1.0)), x[::-1], recent[::-1]).tolist() == widths[::-1].tolist()


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 40))
def test_a_value_is_the_same_in_any_batch(seed: int, count: int) -> None:
    """Contract: whole numbers, so equal bit for bit alone, together and in another order."""
    rows = push_rows(300, seed)
    effects = effects_of(effect_entries(rows, STEADY), STEADY)
    costs = Costs((1.0, 3.7, 0.013), 0.004, 9.0)
    x, recent = rows["x"][:count], rows["recent"][:count].astype(np.int64)
    together = push_values(effects, costs, x, recent)
    alone = [int(push_values(effects, costs, x[[at]], recent[[at]])[0]) for at in range(count)]
    assert together.tolist() == alone
    assert push_values(effects, costs, x[::-1], recent[::-1]).tolist() == alone[::-1]


def test_pushes_of_the_week_lower_a_value_where_they_did() -> None:
    """Contract: whoever was pushed often gained nothing more; eight count as seven."""
    random = np.random.default_rng(2)
    rows = np.zeros(40_000, PUSH_ROWS)
    rows["x"][:, 0], rows["recent"] = CONSTANT_X, random.integers(0, 8, rows.size)
    rows["chance"], rows["decisions"], rows["sent"] = 128, 1, random.integers(0, 2, rows.size)
    rows["rewards"][:, 0] = random.random(rows.size) < 0.1 + rows["sent"] * 0.07 * (7 - rows["recent"])
    effects = effects_of(effect_entries(rows, STEADY), STEADY)
    x = np.zeros((9, DIM), np.int8)
    x[:, 0] = CONSTANT_X
    values = push_values(effects, CLICKS, x, np.arange(9)) / 2.0**24
    assert values[[0, 7]] == pytest.approx([0.49, 0.0], abs=0.03)
    assert values[8] == values[7]


def test_rates_of_unsubscribing_lean_on_the_rate_of_all() -> None:
    """Contract: (k + 1000 q) / (n + 1000), q the rate of all with one in a thousand before it."""
    sends, gone = np.zeros(8), np.zeros(8)
    sends[[0, 7]], gone[[0, 7]] = [9_000, 1_000], [9, 90]
    q = 100.0 / 11_000.0
    expected = [(9 + 1000 * q) / 10_000, *[q] * 6, (90 + 1000 * q) / 2_000]
    assert unsubscribe_rates(sends, gone).tolist() == pytest.approx(expected)
    assert unsubscribe_rates(np.zeros(8), np.full(8, -5_000.0)).min() == 0.0


def test_absurd_sums_give_values_that_no_full_price_lets_pass() -> None:
    """Contract: a value is a whole number below the price where there is no room."""
    rows = push_rows(300, 9)
    rows["rewards"][:, 2] = 10**10 * rows["sent"].astype(np.int64)
    effects = effects_of(effect_entries(rows, STEADY), STEADY)
    values = push_values(effects, Costs((0.0, 0.0, 1e12)), rows["x"], rows["recent"].astype(np.int64))
    assert np.abs(values).max() <= 2**60
