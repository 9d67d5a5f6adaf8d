"""Whose turn it is: every name comes by within nine minutes of publish intervals."""

from __future__ import annotations

import pytest

from tideline.udfs.core.learning.turn import ROUND_MS, turn


@pytest.mark.parametrize("count", [0, 1, 7, 270, 271, 10_000])
@pytest.mark.parametrize("publish_ms", [100, 2_000, 60_000, 600_000])
def test_each_name_comes_by_in_every_round(count: int, publish_ms: int) -> None:
    """Contract: from wherever one starts, and no more at once than that takes."""
    names = sorted(f"3|a{number}" for number in range(count))
    for after in ("", *names[:1], *names[-1:], "3|a5", "zzz"):
        seen: list[str] = []
        for _ in range(-(-ROUND_MS // publish_ms)):
            due = turn(names, after, publish_ms)
            assert len(due) <= count * publish_ms / ROUND_MS + 1
            seen += due
            after = due[-1] if due else after
        assert set(seen) == set(names)


def test_names_that_come_and_go_do_not_hold_up_the_others() -> None:
    assert turn(["a", "b", "d"], "c", ROUND_MS // 3) == ["d"]
    assert turn(["a", "b"], "d", ROUND_MS // 2) == ["a"]
