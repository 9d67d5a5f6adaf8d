"""Contract: the hash is the one by which Flink's SQL parts users; the layer `flink` asks Flink itself."""

from __future__ import annotations

import pytest

from tests.support.hash_code import INT_MIN, user_with_hash
from tideline.udfs.core.flink_hash import hash_code


@pytest.mark.parametrize("wanted", [0, 1, -1, 12_345, INT_MIN, 2**31 - 1])
def test_a_user_that_was_solved_for_has_the_hash(wanted: int) -> None:
    """Contract: forwards and backwards agree; the backwards one is written apart, from the inverse of each step."""
    assert hash_code(user_with_hash(wanted).encode()) == wanted


def test_what_flink_hashes_in_another_way_is_refused() -> None:
    with pytest.raises(ValueError, match="5 bytes; only multiples of 4"):
        hash_code(b"users")
