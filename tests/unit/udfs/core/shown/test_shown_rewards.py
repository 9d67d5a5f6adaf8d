"""Rewards and claims as bytes, which follow the lists that come and go."""

from __future__ import annotations

from tests.support.plain_shown import encode_shown, some_state
from tideline.udfs.core.shown.remembered import Remembered
from tideline.udfs.core.shown.shown_bytes import split
from tideline.udfs.core.shown.shown_lists import ShownLists
from tideline.udfs.core.shown.shown_rewards import RewardBytes, read_rewards, reward_bytes, size_of
from tideline.udfs.core.shown.shown_state import ShownList


def written() -> tuple[RewardBytes, ShownLists]:
    lists, formers, contexts, rewards, conversions, notes, claims, _, _ = split(encode_shown(some_state()))
    return RewardBytes(formers, contexts, rewards, conversions, claims), ShownLists(lists, notes)


def test_what_was_read_is_written_to_the_same_bytes() -> None:
    before, lists = written()
    rewards, claims = read_rewards(before, lists)
    after = reward_bytes(rewards, claims, lists)
    assert (after.parts(), after.claims, len(after)) == (before.parts(), before.claims, 3)
    assert size_of(rewards, claims, lists) == before.size() == after.size()


def test_numbers_follow_the_lists_unread() -> None:
    """Contract: a list comes in the midst, one with a reward goes and is a former one; all is as if it were read."""
    before, lists = written()
    key, position = (1, 10**12, 0, 0), 2
    assert [before.has(key, each, lists) for each in (position, 1)] == [True, False]
    before.list_added(lists.add(ShownList((1, 10**12 + 2, 0, 0), 0)))
    assert before.has(key, position, lists)
    before.list_dropped(lists.drop_oldest(), len(lists))
    assert before.has(key, position, lists)
    rewards, claims = read_rewards(before, lists)
    assert {each: found.activity for each, found in rewards.items()} == {
        each: found.activity for each, found in some_state().rewards.items()
    }
    assert reward_bytes(rewards, claims, lists).parts() == before.parts()


def test_no_list_with_a_reward_is_older_than_is_said() -> None:
    """Contract: of lists of several generations nothing is said."""
    state = Remembered(encode_shown(some_state()))
    assert state.oldest_rewarded_ms() == 10**11
    state.add_list(ShownList((2, 5, 0, 0), 0))
    assert state.oldest_rewarded_ms() == 0
