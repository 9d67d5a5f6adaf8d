import math

import numpy as np
import pytest
from numpy.typing import NDArray

from tideline.scripts.simulation.lift import Rate, click_rate, lift


def test_a_rate_and_its_error_by_hand() -> None:
    # Rate 4/20 = 0.2; residuals 2 - 0.2*10, 1 - 0.2*4, 1 - 0.2*6 = 0, 0.2, -0.2; sqrt((0.04+0.04) * 3/2) / 20
    found = click_rate(np.array([2, 1, 1]), np.array([10, 4, 6]))
    assert found.value == pytest.approx(0.2)
    assert found.error == pytest.approx(math.sqrt(0.12) / 20)


def test_visitors_who_saw_nothing_do_not_count() -> None:
    with_them = click_rate(np.array([2, 0, 1, 1]), np.array([10, 0, 4, 6]))
    assert with_them == click_rate(np.array([2, 1, 1]), np.array([10, 4, 6]))


def test_nothing_shown_has_no_rate_and_one_visitor_no_error() -> None:
    assert math.isnan(click_rate(np.zeros(3, np.int64), np.zeros(3, np.int64)).value)
    alone = click_rate(np.array([1]), np.array([4]))
    assert alone.value == 0.25
    assert math.isnan(alone.error)


def test_a_lift_by_hand() -> None:
    found = lift(Rate(0.06, 0.003), Rate(0.04, 0.004))
    spread = 1.959964 * math.sqrt(0.05**2 + 0.1**2)
    assert found.value == pytest.approx(0.5)
    assert found.low == pytest.approx(1.5 * math.exp(-spread) - 1, rel=1e-6)
    assert found.high == pytest.approx(1.5 * math.exp(spread) - 1, rel=1e-6)


def test_no_click_in_the_holdout_leaves_the_lift_unknown() -> None:
    assert math.isnan(lift(Rate(0.06, 0.003), Rate(0.0, 0.0)).value)


def test_the_interval_agrees_with_a_bootstrap_over_visitors() -> None:
    random = np.random.default_rng(5)

    def visitors(count: int, mean: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        shown = random.integers(4, 60, count)
        return random.binomial(shown, random.beta(2, 2 / mean - 2, count)), shown

    (clicks, shown), (control_clicks, control_shown) = visitors(1_200, 0.06), visitors(300, 0.03)
    found = lift(click_rate(clicks, shown), click_rate(control_clicks, control_shown))
    ratios = []
    for _ in range(3_000):
        a, b = random.integers(0, 1_200, 1_200), random.integers(0, 300, 300)
        treated, control = clicks[a].sum() / shown[a].sum(), control_clicks[b].sum() / control_shown[b].sum()
        ratios.append(treated / control - 1)
    low, high = np.percentile(ratios, [2.5, 97.5])
    width = high - low
    assert found.low == pytest.approx(low, abs=0.1 * width)
    assert found.high == pytest.approx(high, abs=0.1 * width)


def test_ninety_five_of_a_hundred_intervals_hold_the_true_lift() -> None:
    random = np.random.default_rng(6)
    held = 0
    for _ in range(400):
        rates = []
        for count, mean in ((600, 0.06), (200, 0.04)):
            shown = random.integers(4, 40, count)
            rates.append(click_rate(random.binomial(shown, random.beta(3, 3 / mean - 3, count)), shown))
        found = lift(*rates)
        held += found.low <= 0.5 <= found.high
    assert held / 400 == pytest.approx(0.95, abs=0.035)
