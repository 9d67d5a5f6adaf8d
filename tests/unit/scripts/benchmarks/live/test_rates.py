from __future__ import annotations

import pytest

from tideline.scripts.benchmarks.live.rates import Sample, moment_of, percentiles, steady_cost_us, steady_rate
from tideline.scripts.localstack import StackError


def test_a_moment_between_two_samples_is_found_by_proportion() -> None:
    samples = [Sample(10.0, 0), Sample(11.0, 0), Sample(12.0, 100), Sample(14.0, 500)]

    assert moment_of(samples, 50) == pytest.approx(11.5)
    assert moment_of(samples, 100) == pytest.approx(12.0)
    assert moment_of(samples, 200) == pytest.approx(12.5)


def test_a_count_that_was_never_reached_is_an_error() -> None:
    with pytest.raises(ValueError, match="count 600"):
        moment_of([Sample(0.0, 0), Sample(1.0, 500)], 600)


def test_a_slow_start_and_a_slow_end_do_not_count() -> None:
    samples = [Sample(0.0, 0), Sample(100.0, 100), Sample(101.0, 500), Sample(102.0, 950), Sample(200.0, 1000)]

    assert steady_rate(samples, 1000) == pytest.approx(800 / (102.0 - 100.125))


def test_what_was_done_before_the_first_sample_counts_as_its_start() -> None:
    """Contract: a short run has a rate, too; one that is over at once is refused with what to do."""
    samples = [Sample(10.0, 400), Sample(11.0, 900), Sample(12.0, 1000)]
    assert steady_rate(samples, 1000) == pytest.approx(550 / 1.5)
    with pytest.raises(StackError, match="1,000 events were worked off before anybody looked: more --events"):
        steady_rate([Sample(10.0, 960), Sample(11.0, 1000)], 1000)


def test_the_cost_of_an_event_is_that_of_the_steady_part() -> None:
    """Contract: 5 s at its start and 9 at its end are nobody's; between samples by proportion."""
    done, used_s = [0.0, 100.0, 200.0, 950.0, 1000.0], [0.0, 5.0, 6.0, 9.0, 18.0]
    assert steady_cost_us(done, used_s, 1000) == pytest.approx((9.0 - 5.5) * 1e6 / 800)
    with pytest.raises(StackError, match="more --events"):
        steady_cost_us([960.0, 1000.0], [1.0, 2.0], 1000)


def test_percentiles_of_one_to_a_hundred() -> None:
    assert percentiles([float(each) for each in range(101)]) == {"p50_ms": 50.0, "p95_ms": 95.0, "p99_ms": 99.0}
