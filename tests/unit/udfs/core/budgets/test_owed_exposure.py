"""Offsets that bring activities to the share they are owed."""

from __future__ import annotations

import numpy as np
import pytest

from tideline.udfs.core.budgets.owed_exposure import (
    OFFSET_LIMIT,
    FloorsRefused,
    check_floors,
    floor_offset,
    merit_offsets,
    merit_shares,
)


def test_an_offset_grows_with_what_is_owed_up_to_its_limit() -> None:
    assert floor_offset(0.02, 0.0, 1000.0) == pytest.approx(0.04)
    assert floor_offset(0.02, 0.0, 1e6) == OFFSET_LIMIT
    assert floor_offset(0.02, 21.0, 1000.0) == 0.0


def test_floors_that_no_list_can_keep_are_refused_by_name() -> None:
    """Contract: with the activity, the value and what is allowed."""
    check_floors({"a": 0.1, "b": 0.1}, 10)
    with pytest.raises(FloorsRefused, match=r"b: exposure_floor=0\.11; allowed: at most 1/10"):
        check_floors({"a": 0.1, "b": 0.11}, 10)
    with pytest.raises(FloorsRefused, match=r"a, b, c: exposure_floor=1\.2 together; allowed: at most 1"):
        check_floors({"a": 0.4, "b": 0.4, "c": 0.4}, 2)


def test_merit_moves_what_has_too_much_down_and_what_has_too_little_up() -> None:
    offsets = merit_offsets(np.array([0.5, 0.5]), np.array([60.0, 40.0]))
    assert offsets.tolist() == pytest.approx([-0.003, 0.003])


def test_a_merit_share_of_nothing_leaves_all_as_it_is() -> None:
    free, merit = np.array([0.9, 0.1]), np.array([3.0, 1.0])
    assert merit_shares(free, merit, 0.0).tolist() == [0.9, 0.1]
    assert merit_shares(free, merit, 1.0).tolist() == [0.75, 0.25]
