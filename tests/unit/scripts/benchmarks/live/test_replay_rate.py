"""What a benchmark of replays calls a rate, and a fault."""

from __future__ import annotations

import pytest

from tideline.scripts.benchmarks.live.replay_rate import Replay, faults, rate_of

SHORT, LONG = Replay(1_000, 9.0, "a", []), Replay(10_000, 12.0, "b", [])


def test_the_rate_is_by_what_the_longer_range_takes_longer() -> None:
    """Contract: what both take, as submission and start, is no part of it."""
    assert rate_of(SHORT, LONG) == 3_000.0
    assert rate_of(SHORT._replace(seconds=109.0), LONG._replace(seconds=112.0)) == 3_000.0
    assert rate_of(SHORT, LONG._replace(seconds=8.0)) > 0


@pytest.mark.parametrize(
    ("other", "told"),
    [
        (LONG, []),
        (LONG._replace(digest="c"), ["10,000 records: 2 digests"]),
        (LONG._replace(differences=["partition 0: 3 missing"]), ["partition 0: 3 missing"]),
    ],
)
def test_what_does_not_agree_is_told(other: Replay, told: list[str]) -> None:
    assert faults([SHORT, LONG, SHORT, other]) == told
