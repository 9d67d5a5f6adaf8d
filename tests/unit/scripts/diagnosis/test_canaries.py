"""Contract: each shard has one canary, the same for ever."""

from __future__ import annotations

import pytest

from tideline.schemas.fields import CANARY_PREFIX
from tideline.scripts.diagnosis.canaries import canaries
from tideline.udfs.core.flink_hash import hash_code


@pytest.mark.parametrize("shards", [1, 8, 128, 1024])
def test_every_shard_has_a_canary_of_its_own(shards: int) -> None:
    """Contract: in the order of shards; ids that no shop gives, short enough to be one."""
    users = canaries(shards)
    assert [hash_code(user.encode()) % shards for user in users] == list(range(shards))
    assert len(set(users)) == shards
    assert all(user.startswith(CANARY_PREFIX) and len(user) == len(CANARY_PREFIX) + 5 for user in users)


def test_canaries_are_the_same_for_ever() -> None:
    """Contract: another one would leave a list and a state behind, and would begin as a stranger."""
    assert [user[-2:] for user in canaries(4)] == ["00", "13", "01", "02"]
