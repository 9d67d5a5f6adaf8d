"""What belongs to what."""

from __future__ import annotations

import numpy as np

from tideline.udfs.core.pairs.members import members_of


def test_all_members_of_some_wholes_come_with_the_place_of_their_whole() -> None:
    """Contract: in the order of the wholes asked for, also one asked for twice and one without members."""
    members = members_of(np.array([2, 0, 2, 2]), np.array([7, 8, 9, 7]), 4)
    of, found = members.expand(np.array([2, 1, 0, 2]))
    assert of.tolist() == [0, 0, 0, 2, 3, 3, 3]
    assert found.tolist() == [7, 9, 7, 8, 7, 9, 7]


def test_of_nothing_there_is_nothing() -> None:
    of, found = members_of(np.zeros(0, np.int64), np.zeros(0, np.int64), 3).expand(np.array([1, 2]))
    assert of.size == found.size == 0
