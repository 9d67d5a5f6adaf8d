"""Contract: shards lie evenly on Flink's key groups, whatever their number up to 1,024."""

from __future__ import annotations

import pytest

from tideline.jobs.shards import MAX_PARALLELISM, key_group, shard_keys


@pytest.mark.parametrize("shards", [2**power for power in range(11)])
def test_key_groups_are_balanced(shards: int) -> None:
    """Contract: one key group a shard, equally far apart, so that any subtasks share them but for one."""
    groups = [key_group(key) for key in shard_keys(shards)]

    assert groups == [(2 * shard + 1) * MAX_PARALLELISM // (2 * shards) for shard in range(shards)]
    for subtasks in (1, 2, 3, 5, 7, shards):
        of_subtask = [sum(group * subtasks // MAX_PARALLELISM == each for group in groups) for each in range(subtasks)]
        assert max(of_subtask) - min(of_subtask) <= 1


def test_key_groups_are_those_that_java_reckons() -> None:
    """Contract: values of KeyGroupRangeAssignment.assignToKeyGroup(Row.of(key), 1024)."""
    assert {key: key_group(key) for key in (0, 1, 2, 77, 12345)} == {0: 161, 1: 556, 2: 609, 77: 583, 12345: 464}
