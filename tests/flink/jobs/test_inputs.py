"""What the job reads, as Flink takes it."""

from __future__ import annotations

import pytest

from tests.support.hash_code import INT_MIN, hash_code, user_with_hash

pytestmark = pytest.mark.flink


def test_the_smallest_hash_has_a_user() -> None:
    """Contract: the user id with which other tests try the hash that ABS leaves negative has it in Flink too."""
    from pyflink.java_gateway import get_gateway

    text_of = get_gateway().jvm.org.apache.flink.table.data.binary.BinaryStringData.fromString
    user = user_with_hash(INT_MIN)
    assert text_of(user).hashCode() == INT_MIN == hash_code(user.encode())
