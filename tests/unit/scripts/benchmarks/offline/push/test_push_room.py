"""Room for few pushes."""

from __future__ import annotations

from tideline.scripts.benchmarks.offline.push import push_room


def test_a_price_gives_room_to_the_best_moments_and_is_never_overdrawn() -> None:
    """Contract: nearly all that can be had, with nearly all room used; as they come earns far less."""
    found = push_room.measure(seeds=2, hours=5 * 24)
    assert found["as_they_come"] < 0.5 < 0.9 < found["worst"]
    assert 0.98 < found["used"] <= found["most_used"] <= 1.0
