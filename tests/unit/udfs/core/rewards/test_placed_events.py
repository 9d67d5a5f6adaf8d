"""Events about lists of placements: each counts for the list it was of, and what it teaches is shared."""

from __future__ import annotations

from itertools import permutations

import pytest

from tests.support.core_world import KEYS, NOON_MS, token_for
from tests.support.plain_shown import decode_shown
from tests.support.told import (
    CLICK,
    CONVERSION,
    DISMISS,
    IMPRESSION,
    NAMES,
    PURCHASE,
    SETTINGS,
    apply,
    event,
    pages,
    totals,
)
from tideline.schemas.errors import Reason
from tideline.udfs.core.lists.activity_tags import ActivityTags
from tideline.udfs.core.rewards.attribution import attribute
from tideline.udfs.core.rewards.attribution_settings import MAX_LISTS, most_lists
from tideline.udfs.core.rewards.join import JoinOutcome
from tideline.udfs.core.rewards.room import SHOWN_BYTES

DEFAULT = token_for("u", NAMES)
HERO = token_for("u", ["c", "b"], placement=7)
CART = token_for("u", ["a"], placement=63)
PLACES = {DEFAULT: 0, HERO: 7, CART: 63}
TAGS = ActivityTags.of(NAMES, KEYS)


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_one_activity_on_three_lists_of_one_moment_is_shown_and_clicked_once_on_each(order: tuple[int, ...]) -> None:
    """Contract: in any order and however often each is told; nothing is taken for an event of another list."""
    told = [
        (event(kind, "a", token=DEFAULT), event(kind, "c", token=HERO, position=0), event(kind, "a", token=CART))
        for kind in (IMPRESSION, CLICK)
    ]
    batches = [[told[kind][at] for kind in (1, 0)] for at in order]
    outcome, feedback = apply(*batches, *batches)
    assert totals(feedback) == {("a", NOON_MS): (2, 2, 0, 0, 0), ("c", NOON_MS): (1, 1, 0, 0, 0)}
    assert set(outcome.joined) == {JoinOutcome.DUPLICATE}
    kept = decode_shown(outcome.shown)
    assert sorted(kept.lists) == [(1, NOON_MS, 1, 0), (1, NOON_MS, 1, 7), (1, NOON_MS, 1, 63)]
    assert sorted(kept.rewards) == [((1, NOON_MS, 1, at), 0) for at in (0, 7, 63)]
    plainly, _ = apply(*[[told[kind][at] for kind in (0, 1)] for at in range(3)])
    assert outcome.shown == plainly.shown


def test_a_decision_is_of_the_list_that_was_on_screen() -> None:
    outcome, _ = apply([event(IMPRESSION, "b", token=HERO, position=1), event(IMPRESSION, "b")])
    assert [(each.position, each.token.placement) for each in outcome.decisions] == [(1, 7), (1, 0)]


@pytest.mark.parametrize(
    ("token", "name", "position"), [(HERO, "c", 1), (HERO, "a", 0), (CART, "b", 1), (CART, "a", 1)]
)
def test_a_placements_token_proves_nothing_of_another_lists_place(token: str, name: str, position: int) -> None:
    """Contract: whoever sends one list's token with another one's place is refused, and nothing counts."""
    outcome, feedback = apply([event(CLICK, name, token=token, position=position)])
    ((_, error),) = outcome.refused
    assert error.reason is Reason.FOREIGN_TOKEN
    assert (feedback, outcome.shown) == ([], b"")


def test_a_purchase_goes_to_the_entry_that_was_clicked_last_on_whatever_list() -> None:
    """Contract: once, though the activity was clicked in two placements; a click that comes late takes it over."""
    early, late = event(CLICK, "a", NOON_MS + 100, CART), event(CLICK, "a", NOON_MS + 200)
    for batches in ([[early, late], [PURCHASE]], [[early], [PURCHASE], [late]]):
        outcome, feedback = apply(*batches)
        assert totals(feedback) == {("a", NOON_MS): (2, 2, 1, 0, 3750)}
        (claim,) = decode_shown(outcome.shown).claims.values()
        assert claim.holder is not None
        assert claim.holder.page.key[-1] == 0


def test_each_placements_conversion_is_of_its_own_entry() -> None:
    outcome, feedback = apply([event(CONVERSION, "a", token=each, value=2.0) for each in (DEFAULT, CART)])
    assert totals(feedback)["a", NOON_MS][:3] == (2, 0, 2)
    assert len(decode_shown(outcome.shown).rewards) == 2


def test_a_dismissal_in_one_placement_holds_in_all() -> None:
    """Contract: what a user does not want to see he sees nowhere."""
    outcome, _ = apply([event(DISMISS, "a", token=CART)])
    assert len(decode_shown(outcome.shown).dismissed) == 1


def test_places_weigh_by_their_placement() -> None:
    """Contract: each as its own order says, whole where there was none, also of a placement that is no longer one."""
    settings = SETTINGS.examining(0, (1.0, 0.6), 1.0, TAGS).examining(7, (0.9, 0.5), 1.0, TAGS)
    told = [event(IMPRESSION, "b"), event(IMPRESSION, "b", token=HERO, position=1), event(IMPRESSION, "a", token=CART)]
    found = attribute(b"", list(enumerate(told)), settings)
    assert [each.examination_discount for each in found.feedback] == [40, 50, 0]


def test_a_placement_that_is_read_from_the_top_weighs_what_is_below_its_own_clicks() -> None:
    """Contract: a click on one list says nothing about another that has no such order."""
    settings = SETTINGS.examining(7, (1.0,), 0.2, TAGS)
    told = [event(CLICK, "c", token=HERO, position=0), event(IMPRESSION, "b", token=HERO, position=1)]
    told += [event(CLICK, "a"), event(IMPRESSION, "b")]
    found = attribute(b"", list(enumerate(told)), settings)
    shown = [(each.activity_id, each.examination_discount) for each in found.feedback if each.impressions]
    assert shown == [("c", 0), ("b", 80), ("a", 0), ("b", 0)]


def test_more_lists_are_remembered_where_each_page_has_several() -> None:
    """Contract: as many pages as without placements, up to 96 lists; then the oldest goes, of whatever placement."""
    assert [most_lists(each) for each in (0, 1, 2, 3, 20)] == [MAX_LISTS, 64, 96, 96, 96]
    settings = SETTINGS._replace(max_lists=most_lists(2))
    told = [
        one._replace(token=token_for("u", NAMES, one.ts_ms, placement=at), position=0)
        for one in pages(40)
        for at in (0, 7, 63)
    ]
    shown = b""
    for start in range(0, len(told), 7):
        shown = attribute(shown, list(enumerate(told[start : start + 7])), settings).shown
    kept = sorted(decode_shown(shown).lists)
    assert kept == [(1, NOON_MS + at, 1, place) for at in range(8, 40) for place in (0, 7, 63)]
    assert len(shown) <= SHOWN_BYTES
    late = attribute(shown, [(0, told[0])], settings)
    assert late.joined == {JoinOutcome.LATE: 1}


def test_the_state_of_a_user_with_many_lists_and_rewards_has_a_largest_size() -> None:
    """Contract: what more lists take is added to what there is room for, and no more."""
    settings = SETTINGS._replace(max_lists=most_lists(20))
    shown, most = b"", 0
    for at in range(200):
        token = token_for("u", NAMES, NOON_MS + at, placement=at % 21)
        told = [event(kind, name, NOON_MS + at, token) for name in NAMES for kind in (CLICK, CONVERSION)]
        shown = attribute(shown, list(enumerate(told)), settings).shown
        most = max(most, len(shown))
    assert most <= SHOWN_BYTES + 31 * (96 - MAX_LISTS)
    assert len(decode_shown(shown).lists) == 96
