"""What is told of a replay's policy topic: one number for all of it, whatever was written twice."""

from __future__ import annotations

import hashlib

from tideline.scripts.replays.replay_policy import learned_of
from tideline.udfs.core.policies.policy_start import TopicRecord


def records(*told: tuple[bytes | None, bytes | None]) -> list[TopicRecord]:
    """Records of a topic, from its beginning on."""
    return [TopicRecord(at, key, value, 1_000 + at) for at, (key, value) in enumerate(told)]


def test_the_newest_value_of_each_key_counts_in_whatever_order() -> None:
    """Contract: lengths and bytes as the docstring has it; what a restart wrote again changes the version alone."""
    found, sha256 = learned_of("policy-july", records((b"sums|1|b", b"x"), (b"1|b", b"row"), (b"1|*", b"")))
    assert found == {"topic": "policy-july", "version": 2, "arms": 1}
    told = b"".join(len(each).to_bytes(8, "big") + each for each in (b"1|*", b"", b"1|b", b"row", b"sums|1|b", b"x"))
    assert sha256 == hashlib.sha256(told).hexdigest()
    again = records(
        (b"1|b", b"old"), (b"sums|1|b", b"x"), (b"1|*", b""), (b"sums|1|b", b"x"), (None, b"?"), (b"1|b", b"row")
    )
    assert learned_of("policy-july", again) == ({"topic": "policy-july", "version": 5, "arms": 1}, sha256)


def test_another_value_and_another_place_of_a_border_are_another_number() -> None:
    one, other, third = (
        learned_of("t", records(each))[1] for each in ((b"1|ab", b"c"), (b"1|a", b"bc"), (b"1|ab", b"d"))
    )
    assert len({one, other, third}) == 3


def test_a_range_that_taught_nothing_says_so() -> None:
    assert learned_of("t", ())[0] == {"topic": "t", "version": -1, "arms": 0}
