"""Whose turn it is to be published again: every row comes by in nine minutes, so nobody has to read further back."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

ROUND_MS = 540_000
"""In so many milliseconds of publish intervals with feedback each row is published: 9 minutes, so 10 with delays."""


def turn(names: Sequence[str], after: str, publish_ms: int) -> list[str]:
    """Return the names, of some in rising order, that come behind one, as many as are due in a publish interval.

    >>> turn(["a", "b", "c", "d"], "c", ROUND_MS // 2)  # half a round: half of the names, from behind the last one on
    ['d', 'a']
    """
    due = min(-(-len(names) * publish_ms // ROUND_MS), len(names))
    start = bisect_right(names, after)
    return [names[at % len(names)] for at in range(start, start + due)]
