"""Whose turn it is to be published again: every row comes by in nine minutes, so nobody has to read further back."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

from tideline.udfs.core.policies.arm_key import ArmKey

if TYPE_CHECKING:
    from collections.abc import Sequence

ROUND_MS = 540_000
"""In so many milliseconds of publish intervals with feedback each row is published: 9 minutes, so 10 with delays."""


def publications_in_round(publish_ms: int) -> int:
    """Return how many publications, one in a publish interval, a round has; 0 where nothing is published again."""
    return max(ROUND_MS // publish_ms, 1) if publish_ms else 0


def turn(arms: Sequence[ArmKey], after: ArmKey | None, publish_ms: int) -> list[ArmKey]:
    """Return the arms, of some in rising order, that come behind one, as many as are due in a publish interval.

    >>> arms = [ArmKey(3, name) for name in "abcd"]
    >>> [arm.text for arm in turn(arms, ArmKey(3, "c"), ROUND_MS // 2)]  # half a round: half of them, from behind c on
    ['3|d', '3|a']
    """
    due = min(-(-len(arms) * publish_ms // ROUND_MS), len(arms))
    start = 0 if after is None else bisect_right(arms, after)
    return [arms[at % len(arms)] for at in range(start, start + due)]
