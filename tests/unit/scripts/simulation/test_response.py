import numpy as np
import pytest

from tideline.scripts.simulation.demo_error import DemoError
from tideline.scripts.simulation.response import MAX_CLICK_RATE, MEAN_CLICK_RATE, Response, clicks_of, fit_response


def test_a_planted_response_is_found_again() -> None:
    random = np.random.default_rng(3)
    planted = Response(np.array([-6.0, -5.2, -4.5]), 0.7)
    share = np.where(random.random(400_000) < 0.5, random.exponential(0.02, 400_000).clip(max=1.0), 0.0)
    kind = random.integers(0, 3, share.size)
    redeemed = random.random(share.size) < planted.redemption(share, kind)
    found = fit_response(share, kind, redeemed)
    assert found.level == pytest.approx(planted.level, abs=0.15)
    assert found.slope == pytest.approx(planted.slope, abs=0.04)


def test_the_fit_reproduces_the_number_of_redemptions() -> None:
    random = np.random.default_rng(4)
    share, kind = random.random(20_000) * 0.1, random.integers(0, 3, 20_000)
    redeemed = random.random(20_000) < 0.02
    found = fit_response(share, kind, redeemed)
    for number in range(3):
        of_kind = kind == number
        expected = found.redemption(share[of_kind], kind[of_kind]).sum()
        assert expected == pytest.approx(redeemed[of_kind].sum(), rel=0.001)


def test_pairs_that_determine_nothing_are_refused() -> None:
    with pytest.raises(DemoError, match="2 pairs"):
        fit_response(np.array([0.1, np.nan]), np.array([0, 0]), np.array([True, False]))


def test_clicks_have_the_documented_mean_and_conversions_come_as_often_as_redemptions() -> None:
    redemption = np.random.default_rng(5).beta(1, 120, (300, 40))
    found = clicks_of(redemption)
    assert found.click.mean() == pytest.approx(MEAN_CLICK_RATE)
    assert found.click * found.conversion == pytest.approx(redemption)
    assert found.clicks_per_redemption == pytest.approx(MEAN_CLICK_RATE / redemption.mean())


def test_no_click_is_nearly_certain() -> None:
    redemption = np.full((200, 50), 1e-4)
    redemption[0, 0] = 0.9
    found = clicks_of(redemption)
    assert found.click[0, 0] == MAX_CLICK_RATE
    assert found.conversion[0, 0] == 1.0
