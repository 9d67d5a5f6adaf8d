"""The wheel in state: chunks of buckets, the same for the next operator."""

from __future__ import annotations

from typing import Any, cast

from tests.support.push_job import Kept
from tideline.udfs.core.push.wheel import users_in
from tideline.udfs.operators.pushing.push_wheel import PushWheel


def wheel(kept: Kept) -> PushWheel:
    """Return a wheel over what is kept."""
    return PushWheel(cast("Any", kept), kept.world.shards())


def drained(its: PushWheel, shard: int, bucket: int) -> list[tuple[int, str]]:
    """Take all chunks up to a bucket."""
    found = []
    while chunk := its.over(shard, bucket):
        found += [(chunk.bucket, user) for user in users_in(chunk.held)]
        its.drop(shard, chunk)
    return found


def test_everybody_who_was_appended_is_found_once_bucket_by_bucket_also_after_a_restart() -> None:
    """Contract: appended one by one or many at once, in shards apart; a bucket to come is not touched."""
    kept = Kept()
    its, expected = wheel(kept), set()
    for number in range(300):
        bucket = 5_900_000 + number % 4
        its.append(number % 2, {f"user-{number}": bucket, f"more-{number}": 0})
        expected.add((number % 2, bucket, f"user-{number}"))
        if number % 70 == 0:
            its = wheel(kept)
    state = kept.maps["push_wheel"].by_shard
    assert max(len(value) for each in state.values() for value in each.values()) < 256 + 10
    found = {(shard, *each) for shard in (0, 1) for each in drained(its, shard, 5_900_002)}
    assert found == {each for each in expected if each[1] < 5_900_003}
    assert drained(wheel(kept), 0, 5_900_002) == []
    assert len(drained(wheel(kept), 1, 5_900_003)) == 75
    assert not state[1]


def test_who_is_appended_while_a_bucket_is_worked_off_is_found_too() -> None:
    """Contract: also in the bucket itself."""
    its = wheel(Kept())
    its.append(0, {"a": 7})
    chunk = its.over(0, 7)
    assert chunk is not None
    its.append(0, {"b": 7})
    its.drop(0, chunk)
    assert its.over(0, 6) is None
