"""Means over seeds and their intervals."""

from __future__ import annotations

import numpy as np
import pytest

from tideline.scripts.benchmarks.offline.value.value_figures import ctr, figures_of
from tideline.scripts.benchmarks.offline.value.value_play import Played


def run(*clicks: float) -> Played:
    """Return visits that saw two entries each."""
    return Played(np.full(len(clicks), 2), np.array(clicks))


def test_a_click_rate_is_clicks_by_impressions_of_all_visits_or_the_first_quarter() -> None:
    """Contract: sums divided, no mean of rates; of fewer than four visits the first one is the quarter."""
    played = Played(np.array([1, 3, 1, 1, 1, 1, 1, 1]), np.array([0.4, 0.4, 0, 0, 0.1, 0.1, 0, 0]))
    assert ctr(played) == pytest.approx(1.0 / 10)
    assert ctr(played, quarter=True) == pytest.approx(0.8 / 4)
    assert ctr(run(0.5, 0.1, 0.1), quarter=True) == pytest.approx(0.25)


def test_who_showed_nothing_has_no_clicks() -> None:
    """Contract: the rate is 0, not an error."""
    assert ctr(Played(np.zeros(4, np.int64), np.zeros(4))) == 0.0


def test_a_share_is_where_one_stands_between_chance_and_truth() -> None:
    """Contract: chance .1, own .2, truth .3 of each impression is half of the way, and .4 clicks are lost."""
    found = figures_of([run(0.4, 0.4)], [run(0.6, 0.6)], [run(0.2, 0.2)])
    assert (found["ctr"], found["share_of_attainable"], found["regret"]) == (0.2, 0.5, 0.4)
    assert found["ctr_ci95"] is found["share_ci95"] is None


def test_each_seed_is_compared_with_truth_and_chance_at_the_same_seed() -> None:
    """Contract: the share is the mean of the seeds' shares (1 and 0), not the share of their means."""
    found = figures_of([run(0.4), run(0.4)], [run(0.4), run(1.0)], [run(0.2), run(0.4)])
    assert found["share_of_attainable"] == 0.5
    assert found["regret"] == 0.3


@pytest.mark.parametrize(("seeds", "quantile"), [(2, 12.706), (3, 4.303), (10, 2.262), (30, 2.262)])
def test_an_interval_is_students_for_the_number_of_seeds(seeds: int, quantile: float) -> None:
    """Contract: mean plus and minus quantile times standard error; above ten seeds as wide as for ten."""
    rates = np.linspace(0.0, 0.4, seeds)
    runs = [run(2.0 * float(each)) for each in rates]
    radius = quantile * rates.std(ddof=1) / seeds**0.5
    low, high = figures_of(runs, runs, runs)["ctr_ci95"]
    assert (low, high) == pytest.approx((0.2 - radius, 0.2 + radius), abs=1e-5)


def test_where_nothing_can_be_gained_there_is_no_share() -> None:
    """Contract: neither a share nor its interval, in one seed or in all."""
    nothing, something = run(0.0, 0.0), run(0.2, 0.2)
    for best in ([nothing, nothing], [something, nothing]):
        found = figures_of([nothing, nothing], best, [nothing, nothing])
        assert found["share_of_attainable"] is found["share_ci95"] is None
