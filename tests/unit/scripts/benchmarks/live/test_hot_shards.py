"""Which shard has most of the events, and what more machines help then."""

from __future__ import annotations

import numpy as np
import pytest

from tideline.scripts.benchmarks.live.hot_shards import hottest, shard_shares, subtask_shares
from tideline.scripts.benchmarks.live.traffic import user_name
from tideline.udfs.core.flink_hash import hash_code


def test_the_shares_of_shards_are_those_of_their_users() -> None:
    """Contract: added up one by one, and together they are everything."""
    of_users = np.array([0.5, 0.25, 0.125, 0.125])
    found = shard_shares(of_users, 8)
    wanted = [0.0] * 8
    for rank, share in enumerate(of_users.tolist()):
        wanted[hash_code(user_name(rank).encode()) % 8] += share
    assert found.tolist() == wanted
    assert found.sum() == 1.0


@pytest.mark.parametrize(
    ("subtasks", "expected"), [(1, [36.0]), (2, [10.0, 26.0]), (4, [3.0, 7.0, 11.0, 15.0]), (8, list(range(1, 9)))]
)
def test_neighbouring_shards_lie_on_one_subtask(subtasks: int, expected: list[float]) -> None:
    """Contract: shard i has a key group in the middle of the i-th part of all; subtasks have parts in order."""
    assert subtask_shares(np.arange(1.0, 9.0), subtasks).tolist() == expected


def test_without_hot_users_machines_help_as_many_times_as_there_are() -> None:
    even = hottest(20_000, 0.0, 8, (2, 4))
    assert even["user"] == pytest.approx(1 / 20_000, abs=1e-4)
    assert even["scales"]["4"] == pytest.approx(4.0, rel=0.05)


def test_a_hot_user_bounds_what_machines_help() -> None:
    """Contract: however many there are, his events go to one of them."""
    found = hottest(1_000, 2.0, 8, (2, 8))
    assert found["user"] == pytest.approx(0.608, abs=0.001)  # 1 over the sum of 1 / n^2
    assert found["user"] <= found["shard"] <= found["taskmanager"]["2"] <= 1.0
    assert found["taskmanager"]["8"] == found["shard"]
    assert found["scales"]["8"] < 1 / 0.6
