"""What a token has behind its pairs; what tokens say of it is in test_decision_token.py."""

from __future__ import annotations

import pytest

from tideline.udfs.core.lists.token_tail import LAYOUTS, read_tail, tail_bytes


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_tail_is_read_in_the_parts_that_its_layout_has(layout: int) -> None:
    """Contract: no byte of it is left over, and none is read that is not there."""
    tail = bytes(range(1, tail_bytes(layout, 3) + 1))
    feasible, acted, variants = read_tail(tail, 3)
    assert feasible + bytes([acted] * (acted > 0)) + variants == tail
    assert [len(feasible), acted, len(variants)] == {3: [0, 0, 0], 4: [6, 7, 0], 5: [6, 7, 9]}[layout]
