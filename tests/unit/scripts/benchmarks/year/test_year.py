"""The simulated year: a few of its days."""

from __future__ import annotations

from tideline.scripts.benchmarks.year import year


def test_a_few_days_of_the_year_lose_nothing_unseen_and_learn_no_foreign_name() -> None:
    """Each honest event is taken in or counted; the adversary moves nothing but the entries of his own lists."""
    found = year.measure(days=4, seed=3, users=400, sessions=12)
    assert found["violations"] == {}
    assert found["limits"]["limits"] > 0
    assert found["days"] == 4
    assert found["events"] > 2_000


def test_the_same_seed_plays_the_same_year() -> None:
    """Nothing but the measured times differs between two runs of one seed."""
    one, two = (year.measure(days=2, seed=9, users=200, sessions=6) for _ in range(2))
    for timed in ("start_s", "publish_ms"):
        one.pop(timed), two.pop(timed)
    assert one == two
