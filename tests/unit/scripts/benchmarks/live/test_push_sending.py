"""What the benchmark of senders counts; its run takes a Kafka, a Redis and minutes."""

from __future__ import annotations

from tideline.scripts.benchmarks.live.push_sending import Sent, after_of, twice_of


def test_an_id_that_went_three_times_is_one_that_went_twice() -> None:
    sent = [Sent("a", "u", 1), Sent("b", "v", 1), Sent("a", "u", 2), Sent("a", "u", 3)]
    assert twice_of(sent) == 1
    assert twice_of(sent[:2]) == 0


def test_what_went_after_it_was_accepted_counts_and_nothing_of_who_stayed() -> None:
    """Contract: at the same millisecond it was not after it."""
    sent = [Sent("a", "u", 9), Sent("b", "u", 10), Sent("c", "u", 11), Sent("d", "v", 99)]
    assert after_of(sent, {"u": 10}) == 1
