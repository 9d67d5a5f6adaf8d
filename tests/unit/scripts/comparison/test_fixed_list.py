"""What a list would put below given entries."""

from __future__ import annotations

import numpy as np

from tests.support.core_world import token_for
from tideline.scripts.comparison.fixed_list import FixedList
from tideline.scripts.simulation.lists import RankedList
from tideline.udfs.core.limits import HOLDOUT

_NAMES = tuple("abcde")


def _list(explored: int = 0, exploration: float = 0.02) -> FixedList:
    return FixedList(_NAMES, explored, exploration, 5)


def test_the_best_that_is_not_above_stands_next() -> None:
    """Contract: whatever is above, known to the list or not."""
    plain = _list()
    assert [plain.best_below(above) for above in ([], ["a"], ["b"], ["x"], ["x", "b"])] == ["a", "b", "a", "a", "a"]
    assert plain.best_below(["c", "a", "b"]) == "d"


def test_below_an_entry_that_exploration_moved_it_is_untold_unless_that_is_above() -> None:
    """Contract: it is worse than the best of its place, so there and above it is told."""
    moved = _list(explored=0b00010)  # b
    assert [moved.best_below(above) for above in ([], ["a"], ["x"])] == ["a", "c", "a"]
    assert moved.best_below(["a", "c"]) is None
    assert moved.best_below(["a", "b"]) == "c"
    assert moved.best_below(["x", "b"]) == "a"


def test_what_was_drawn_for_a_place_does_not_decide_whether_it_is_told() -> None:
    """Contract: for any entries above, of lists that differ in the draw of that place alone."""
    for place in range(len(_NAMES)):
        for others in range(1 << len(_NAMES)):
            for above in (_NAMES[:place], _NAMES[1 : place + 1], ("x", *_NAMES)[:place]):
                with_draw, without = (_list(others | 1 << place), _list(others & ~(1 << place)))
                told = {each.best_below(above) is None for each in (with_draw, without)}
                assert len(told) == 1, (place, others, above)
    assert _list().best_below(_NAMES[:4]) is None
    assert _list(explored=0b11000).best_below(_NAMES[:3]) is None


def test_the_holdout_shows_anything() -> None:
    made = RankedList((1, 5, 1), _NAMES, (9,) * 5, token_for("u", _NAMES, arms=np.array([HOLDOUT])), (None,) * 5)
    its = FixedList.of(made)
    assert its is not None
    assert (its.exploration, its.best_below(["q"])) == (1.0, "")


def test_a_token_says_how_a_list_was_made() -> None:
    made = RankedList((1, 5, 1), _NAMES, (9,) * 5, token_for("u", _NAMES), (None,) * 5)
    assert FixedList.of(made) == FixedList(_NAMES, 0, 0.02, 5)
    assert FixedList.of(made._replace(token=None)) is None
    assert FixedList.of(made._replace(token="\u00e9")) is None
