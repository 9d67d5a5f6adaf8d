import numpy as np
import pytest

from tideline.models.bootstrap import group_sums, jackknife_interval, percentile_interval, resampled_means


def test_a_resampled_mean_is_the_mean_of_whole_drawn_groups() -> None:
    """Contract: with one group taken S times, the mean is that group's."""
    sums, counts = group_sums(np.array([1.0, 3.0, 10.0, np.nan]), np.array([0, 0, 1, 1]), 2)
    assert (sums.tolist(), counts.tolist()) == ([4.0, 10.0], [2.0, 1.0])
    means = resampled_means(sums[:, None], counts[:, None], seed=1, draws=200)[:, 0]
    assert {round(mean, 9) for mean in means.tolist()} == {2.0, 10.0, round(14 / 3, 9)}


def test_means_are_those_of_an_explicit_resampling_with_the_same_draws() -> None:
    rng = np.random.default_rng(5)
    values, groups = rng.random(40), rng.integers(0, 9, 40)
    sums, counts = group_sums(values, groups, 9)
    found = resampled_means(sums[:, None], counts[:, None], seed=3, draws=4)[:, 0]
    drawn = np.random.default_rng(3).integers(9, size=(4, 9))
    for draw in range(4):
        taken = np.concatenate([values[groups == group] for group in drawn[draw]])
        assert found[draw] == pytest.approx(taken.mean())


def test_the_same_seed_gives_the_same_draws_to_all_columns() -> None:
    sums, counts = np.random.default_rng(1).random((30, 1)), np.ones((30, 1))
    means = resampled_means(np.hstack([sums, sums + 1.0]), np.hstack([counts, counts]), seed=2, draws=50)
    assert means[:, 1] - means[:, 0] == pytest.approx(np.ones(50))
    assert (means == resampled_means(np.hstack([sums, sums + 1.0]), np.ones((30, 2)), seed=2, draws=50)).all()


def test_intervals_cover_the_truth_about_as_often_as_they_say() -> None:
    """Contract: 95 %, also when the values of a group are the same."""
    rng = np.random.default_rng(7)
    covered = 0
    for repeat in range(200):
        values = np.repeat(rng.random(80), 5)
        sums, counts = group_sums(values, np.repeat(np.arange(80), 5), 80)
        low, high = percentile_interval(resampled_means(sums[:, None], counts[:, None], repeat, draws=300)[:, 0])
        covered += low <= 0.5 <= high
    assert 0.88 <= covered / 200 <= 0.99


def test_intervals_of_nothing_are_unknown_and_of_equal_values_have_no_width() -> None:
    assert np.isnan(percentile_interval(np.full(10, np.nan))).all()
    assert percentile_interval(np.array([np.nan, 2.0, 2.0])) == (2.0, 2.0)
    assert jackknife_interval(0.5, np.full(7, 0.1)) == pytest.approx((0.5, 0.5))
    assert jackknife_interval(0.5, np.zeros(1)) == (0.5, 0.5)


def test_the_jackknife_error_of_a_mean_is_its_standard_error() -> None:
    values = np.random.default_rng(3).random(50)
    without = (values.sum() - values) / 49
    low, high = jackknife_interval(values.mean(), values.mean() - without)
    assert (high - low) / 2 == pytest.approx(1.959963984540054 * values.std(ddof=1) / np.sqrt(50))
