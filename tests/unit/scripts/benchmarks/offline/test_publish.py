"""What a publication costs."""

from __future__ import annotations

from tideline.scripts.benchmarks.offline.publish import measure


def test_all_and_some_are_timed_beside_one_at_a_time() -> None:
    found = measure(known=30, changed=5, repeats=2)
    assert (found["known"], found["all"]["changed"], found["some"]["changed"]) == (30, 30, 5)
    assert min(found["one_at_a_time_ms"], found["from_all_sums_ms"], found["all"]["publish_ms"]) > 0.0
