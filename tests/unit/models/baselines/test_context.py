"""What stands before a target, against slow loops."""

import numpy as np
import pytest

from tests.support.baseline_data import ROWS, TEST, before
from tideline.models.baselines.context import all_items_before, items_before, lengths_before


def test_lengths_are_the_events_of_the_same_sequence_before_a_row() -> None:
    assert lengths_before(TEST, ROWS).tolist() == [len(before(row)) for row in ROWS.tolist()]


@pytest.mark.parametrize("back", [1, 5, 80])
def test_the_newest_items_stand_first_and_nothing_is_taken_from_another_sequence(back: int) -> None:
    """Contract: -1 past the start of the sequence, and where an item is unknown."""
    for row, found in zip(ROWS.tolist(), items_before(TEST, ROWS, back), strict=True):
        newest = before(row)[::-1][:back]
        assert found.tolist() == newest + [-1] * (back - len(newest))


def test_all_items_before_are_those_with_a_known_item() -> None:
    owner, item = all_items_before(TEST, ROWS)
    for number, row in enumerate(ROWS.tolist()):
        assert item[owner == number].tolist() == [each for each in before(row) if each >= 0]
    assert (np.diff(owner) >= 0).all()
