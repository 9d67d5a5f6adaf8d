"""What the job reads, as Flink takes it."""

from __future__ import annotations

import pytest

from tests.support.hash_code import INT_MIN, user_with_hash
from tideline.scripts.diagnosis.canaries import canaries
from tideline.udfs.core.flink_hash import hash_code

pytestmark = pytest.mark.flink


def test_the_smallest_hash_has_a_user() -> None:
    """Contract: the user id with which other tests try the hash that ABS leaves negative has it in Flink too."""
    from pyflink.java_gateway import get_gateway

    text_of = get_gateway().jvm.org.apache.flink.table.data.binary.BinaryStringData.fromString
    user = user_with_hash(INT_MIN)
    assert text_of(user).hashCode() == INT_MIN == hash_code(user.encode())


def test_a_canary_is_in_the_shard_that_flink_puts_it_in() -> None:
    """Contract: the prober's hash is Flink's own, so each shard is looked at."""
    from pyflink.java_gateway import get_gateway

    text_of = get_gateway().jvm.org.apache.flink.table.data.binary.BinaryStringData.fromString
    assert [text_of(user).hashCode() % 64 for user in canaries(64)] == list(range(64))
