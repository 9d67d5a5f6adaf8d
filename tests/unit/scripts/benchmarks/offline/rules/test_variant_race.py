"""Two variants in few runs."""

from __future__ import annotations

from tideline.scripts.benchmarks.offline.rules import variant_race


def test_a_far_better_variant_wins_and_shares_follow_it() -> None:
    """Contract: found in every run, at a smaller loss where shares earn."""
    even, earn = (variant_race.run(1.0, 6, 3, earning=earning) for earning in (False, True))
    assert even.leader.tolist() == earn.leader.tolist() == [1] * 6
    assert earn.lost.sum() < even.lost.sum()
    assert even.after.max() < 20_000
