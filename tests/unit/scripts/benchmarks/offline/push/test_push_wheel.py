"""The wheel over a day of few users."""

from __future__ import annotations

from tideline.scripts.benchmarks.offline.push import push_wheel


def test_every_user_is_told_of_once_whatever_comes_late_and_however_often_the_job_dies() -> None:
    """Contract: crashes tell again of the same users in the same buckets, and of nobody else; nothing is left."""
    found = push_wheel.measure(users=800, events=8_000, crashes=8)
    assert found["told"] == 800
    assert found["missed"] == found["twice"] == found["other_with_crashes"] == found["bytes_left"] == 0
    assert found["told_with_crashes"] > found["told"]
    assert 0 < found["at_once"] < found["entries"]
