"""Contract: two orders of arrival may differ in what changes no list, and in nothing else."""

from __future__ import annotations

import numpy as np

from tideline.scripts.benchmarks.year.year_states import what_counts
from tideline.udfs.core.hashing import activity_hash
from tideline.udfs.core.shown.shown_bytes import USE, joined
from tideline.udfs.core.users.user_state import decode_states, encode_states

A, B = (activity_hash(name) for name in ("a", "b"))
NEEDS = {A: (1, 600_000)}


def state(*uses: tuple[int, int, int], acts: int = 0) -> bytes:
    batch = decode_states([None], 4)
    batch.header["rate_acts"][0, 0] = acts
    batch.shown = [joined([*[b""] * 7, np.array(list(uses), USE).tobytes(), b""])]
    return encode_states(batch)[0]


def test_a_mark_whose_window_is_over_seen_from_the_newest_of_its_activity_says_nothing() -> None:
    """Contract: one inside the window does; what no cap asks for says nothing either."""
    newest, old, inside, other = (A, 1, 100), (A, 3, 90), (A, 3, 91), (B, 5, 7)
    one, *others = what_counts(
        [state(newest, other), state(newest, old, other), state(newest, inside, other), state(newest)], NEEDS
    )
    assert [each == one for each in others] == [True, False, True]


def test_what_the_robot_rule_counts_says_nothing() -> None:
    """Contract: it counts tellings as they come."""
    one, other = what_counts([state((A, 1, 100), acts=3), state((A, 1, 100))], NEEDS)
    assert one == other
