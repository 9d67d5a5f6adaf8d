"""A user's lists as bytes."""

from __future__ import annotations

from tests.support.plain_shown import some_state
from tideline.udfs.core.shown.shown_lists import ShownLists
from tideline.udfs.core.shown.shown_state import ShownList


def lists_of(*pages: ShownList) -> ShownLists:
    found = ShownLists()
    for page in pages:
        found.add(page)
    return found


def test_lists_stand_in_order_of_their_keys_with_their_notes() -> None:
    """Contract: whichever came first; a generation before a time, a time before a number, that before a placement."""
    pages = some_state().lists.values()
    keys = [(1, 9, 0, 5), (2, 5, 0, 0), (1, 9, 7, 0)]
    found = lists_of(*pages, *(ShownList(key, 0, seen=1, dismissed=at + 1) for at, key in enumerate(keys)))
    again = ShownLists(*found.parts())
    assert again.keys() == sorted(again.keys()) == sorted([*keys, *(page.key for page in pages)])
    assert [again.number(key) for key in sorted(keys)] == [0, 1, len(pages) + 2]
    assert [again.at(number).dismissed for number in (0, 1, len(pages) + 2)] == [1, 3, 2]
    assert again.parts() == found.parts()
    assert again.newest_ms() == max(page.key[1] for page in pages)


def test_the_oldest_list_leaves_what_its_rewards_need() -> None:
    """Contract: when it was on screen, as it is known now; the notes of the others stay theirs."""
    found = lists_of(*some_state().lists.values())
    first, second = found.values()[:2]
    first.shown_s = 77
    assert found.drop_oldest()[-4:] == (77).to_bytes(4, "little")
    assert (found.get(first.key), found.number(second.key)) == (None, 0)
    assert ShownLists(*found.parts()).at(0) == second
