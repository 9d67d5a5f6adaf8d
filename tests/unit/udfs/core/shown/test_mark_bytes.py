"""A user's marks as bytes."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.plain_shown import ShownState, encode_shown
from tideline.udfs.core.shown.mark_bytes import Marks
from tideline.udfs.core.shown.shown_bytes import marks_of
from tideline.udfs.core.shown.shown_state import Uses

NUMBERS = st.sampled_from([0, 1, 256, 2**24, 2**32 - 1])
"""Whose bytes look alike, so that one may stand in the midst of another's."""
USES = st.dictionaries(NUMBERS, st.dictionaries(NUMBERS, NUMBERS, min_size=1), max_size=5)


@settings(max_examples=100, deadline=None)
@given(USES, USES, st.dictionaries(NUMBERS, st.integers(0, 2**16 - 1)))
def test_only_what_was_changed_is_written_anew(before: Uses, changes: Uses, dismissed: dict[int, int]) -> None:
    """Contract: the bytes are those of all written anew, by activity and entry; no activity with nothing is kept."""
    marks = Marks(*marks_of(encode_shown(ShownState(uses=before, dismissed=dismissed))))
    for activity, found in changes.items():
        assert marks.uses_of(activity) == before.get(activity, {})
        marks.uses_of(activity).update(found)
        before.setdefault(activity, {}).update(found)
    for activity in list(before)[::2]:
        marks.uses_of(activity).clear()
        del before[activity]
    plain = marks_of(encode_shown(ShownState(uses=before, dismissed=dismissed)))
    assert (marks.parts(), marks.size()) == (plain, sum(map(len, plain)))
    assert marks.counts() == {activity: len(found) for activity, found in before.items()}
    assert (marks.uses(), marks.dismissed) == (before, dismissed)
    assert (marks.parts(), marks.activities()) == (plain, set(before))
