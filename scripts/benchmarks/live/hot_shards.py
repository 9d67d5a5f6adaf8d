"""How uneven users make shards: what share of the events the hottest one has, and how far machines help then."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

import numpy as np

from tideline.jobs.shards import MAX_PARALLELISM, key_group, shard_keys
from tideline.scripts.benchmarks.live.traffic import cumulative_shares, user_name
from tideline.udfs.core.flink_hash import hash_code

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

TASKMANAGERS = (2, 4, 8)


class Hot(TypedDict):
    """Shares of the events, 0 to 1, of whatever has most of them."""

    user: float
    shard: float
    shards: int
    taskmanager: dict[str, float]
    """By TaskManagers, the share of the one with most."""
    scales: dict[str, float]
    """By TaskManagers, how many times the rate of one they can have at best: the hottest one is full first."""


def hottest(users: int, zipf: float, shards: int, taskmanagers: Sequence[int] = TASKMANAGERS) -> Hot:
    """Return what is hottest among users whose shares of the events fall by rank with `zipf`."""
    of_users = np.diff(cumulative_shares(users, zipf), prepend=0.0)
    of_shards = shard_shares(of_users, shards)
    most = {str(count): float(subtask_shares(of_shards, count).max()) for count in taskmanagers}
    return {
        "user": round(float(of_users.max()), 4),
        "shard": round(float(of_shards.max()), 4),
        "shards": shards,
        "taskmanager": {count: round(share, 4) for count, share in most.items()},
        "scales": {count: round(1 / share, 2) for count, share in most.items()},
    }


def shard_shares(of_users: NDArray[np.float64], shards: int) -> NDArray[np.float64]:
    """Return each shard's share of the events, of users by rank under the names of the traffic."""
    found = np.zeros(shards)
    at = np.array([hash_code(user_name(rank).encode()) % shards for rank in range(of_users.size)])
    np.add.at(found, at, of_users)
    return found


def subtask_shares(of_shards: NDArray[np.float64], subtasks: int) -> NDArray[np.float64]:
    """Return each subtask's share of the events; at most as many subtasks as shards."""
    found = np.zeros(subtasks)
    for key, share in zip(shard_keys(of_shards.size), of_shards.tolist(), strict=True):
        found[key_group(key) * subtasks // MAX_PARALLELISM] += share
    return found
