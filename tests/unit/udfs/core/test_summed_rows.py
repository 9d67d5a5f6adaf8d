"""Sums told apart by a first number."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tideline.udfs.core.summed_rows import summed


@given(st.lists(st.tuples(st.integers(-5, 5), st.integers(-(2**40), 2**40)), max_size=30))
def test_rows_are_added_up_by_their_first_number(rows: list[tuple[int, int]]) -> None:
    """Contract: as a dictionary does it, rising; of no rows there are none."""
    expected: dict[int, int] = defaultdict(int)
    for key, value in rows:
        expected[key] += value
    found = summed(np.array(rows, np.int64).reshape(-1, 2))
    assert found.tolist() == [list(each) for each in sorted(expected.items())]
