"""The row that a ranker sends on where it made no list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyflink.common import Row

if TYPE_CHECKING:
    from collections.abc import Sequence


def part_row(stops: bytes = b"", feedback: bytes = b"", letters: Sequence[list[bytes]] = (), tally: bytes = b"") -> Row:
    """Return a row of `RANKED_TYPE` (jobs/topology.py) that has only some of it."""
    return Row(b"", b"", b"", stops, feedback, [], [*letters], tally)
