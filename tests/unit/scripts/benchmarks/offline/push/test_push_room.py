"""Room for few pushes."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from tideline.scripts.benchmarks.offline.push import push_room


def test_a_price_gives_room_to_the_best_moments_and_is_hardly_overdrawn() -> None:
    """Contract: nearly all that can be had, with nearly all room used, and no more than an hour past it.

    As they come pushes earn far less.
    """
    found = push_room.measure(seeds=2, hours=5 * 24)
    assert found["as_they_come"] < 0.5 < 0.88 < found["worst"]
    assert 0.98 < found["used"] <= found["most_used"] <= 1.002


def test_a_users_better_days_get_his_messages() -> None:
    """Contract: by price more than as they come, and never more than the best."""
    found = push_room.own_weeks(users=60, days=56)
    assert found["as_they_come"] + 0.05 < found["share_of_best"] < 1.0


def test_the_best_days_are_those_of_trying_all_of_them() -> None:
    """Contract: at most two in any seven days in a row."""
    worth = np.random.default_rng(3).integers(1, 100, 12)
    sets = [days for size in range(5) for days in combinations(range(12), size)]
    allowed = [days for days in sets if all(third - first >= 7 for first, third in zip(days, days[2:], strict=False))]
    assert push_room.best_days(worth) == max(worth[list(days)].sum() for days in allowed)
