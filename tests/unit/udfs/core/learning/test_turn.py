"""Whose turn it is: every name comes by within nine minutes of publish intervals."""

from __future__ import annotations

import pytest

from tideline.udfs.core.learning.turn import ROUND_MS, turn
from tideline.udfs.core.policies.arm_key import ArmKey


@pytest.mark.parametrize("count", [0, 1, 7, 270, 271, 10_000])
@pytest.mark.parametrize("publish_ms", [100, 2_000, 60_000, 600_000])
def test_each_arm_comes_by_in_every_round(count: int, publish_ms: int) -> None:
    """Contract: from wherever one starts, and no more at once than that takes."""
    arms = sorted(ArmKey(3, f"a{number}") for number in range(count))
    for after in (None, *arms[:1], *arms[-1:], ArmKey(3, "a5"), ArmKey(4, "a")):
        seen: list[ArmKey] = []
        for _ in range(-(-ROUND_MS // publish_ms)):
            due = turn(arms, after, publish_ms)
            assert len(due) <= count * publish_ms / ROUND_MS + 1
            seen += due
            after = due[-1] if due else after
        assert set(seen) == set(arms)


def test_arms_that_come_and_go_do_not_hold_up_the_others() -> None:
    a, b, c, d = (ArmKey(3, name) for name in "abcd")
    assert turn([a, b, d], c, ROUND_MS // 3) == [d]
    assert turn([a, b], d, ROUND_MS // 2) == [a]
