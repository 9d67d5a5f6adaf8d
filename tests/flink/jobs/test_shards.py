"""Shard keys on Flink's own key groups."""

from __future__ import annotations

from collections import Counter

import pytest

from tideline.jobs.shards import MAX_PARALLELISM, shard_keys

pytestmark = pytest.mark.flink


@pytest.mark.parametrize("shards", [8, 16, 32, 1024])
def test_each_shard_has_a_key_group_of_its_own_and_subtasks_get_equally_many(shards: int) -> None:
    """Contract: with 1, 2, 4 or 8 subtasks each works on the same number of shards."""
    from pyflink.java_gateway import get_gateway

    jvm = get_gateway().jvm
    assignment = jvm.org.apache.flink.runtime.state.KeyGroupRangeAssignment
    row = jvm.org.apache.flink.types.Row(1)
    groups = []
    for key in shard_keys(shards):
        row.setField(0, key)
        groups.append(assignment.assignToKeyGroup(row, MAX_PARALLELISM))
    assert len(set(groups)) == shards
    for subtasks in (1, 2, 4, 8):
        owners = Counter(
            assignment.computeOperatorIndexForKeyGroup(MAX_PARALLELISM, subtasks, group) for group in groups
        )
        assert set(owners.values()) == {shards // subtasks}
