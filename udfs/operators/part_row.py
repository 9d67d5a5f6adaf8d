"""The rows that a ranker sends on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from pyflink.common import Row

from tideline.udfs.core.lists.list_block import encode_block
from tideline.udfs.core.rewards.feedback import encode_feedback

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tideline.udfs.core.serving.batches.outcome import Outcome


def part_row(
    stops: bytes = b"",
    feedback: bytes = b"",
    letters: Sequence[list[bytes]] = (),
    tally: bytes = b"",
    pushes: bytes = b"",
) -> Row:
    """Return a row of `RANKED_TYPE` (jobs/topology.py) that has only some of it."""
    return Row(b"", b"", b"", stops, feedback, [], [*letters], tally, pushes)


def outcome_row(outcome: Outcome, popular: bytes, stops: bytes, letters: list[list[bytes]]) -> Row:
    """Return the row of what a batch, or a part of a shard's users, led to."""
    return Row(
        encode_block(outcome.listed, outcome.lists, outcome.placed) if outcome.lists else b"",
        np.array(outcome.appended_ms, np.int64).tobytes(),
        popular,
        stops,
        encode_feedback(outcome.feedback),
        [[user.encode(), record] for user, record in outcome.decisions],
        letters,
        b"",
        b"",
    )
