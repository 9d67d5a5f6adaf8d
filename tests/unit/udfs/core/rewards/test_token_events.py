"""Events that name their list: each entry's impression, click and dismissal once."""

from __future__ import annotations

from collections import Counter
from itertools import permutations

import numpy as np
import pytest

from tests.support.core_world import DAY_MS, KEYS, NOON_MS, token_for
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
from tideline.schemas.events import EventType
from tideline.udfs.core.hashing import activity_hash
from tideline.udfs.core.rewards.attribution import attribute
from tideline.udfs.core.rewards.attribution_settings import MAX_LISTS, AttributionSettings
from tideline.udfs.core.rewards.feedback import Feedback
from tideline.udfs.core.rewards.join import JoinOutcome
from tideline.udfs.core.shown.marks import MAX_DISMISSALS, SPARE, click_name
from tideline.udfs.core.variants.drawing import Drawn


def test_a_click_without_an_impression_implies_one() -> None:
    """Contract: the click rate of an activity never exceeds 1."""
    outcome, feedback = apply([event(CLICK)])
    assert totals(feedback) == {("a", NOON_MS): (1, 1, 0, 0, 0)}
    assert [decision.activity_id for decision in outcome.decisions] == ["a"]


def test_an_impression_is_one_decision_however_often_it_is_reported() -> None:
    """Contract: once per list and activity; another list with the same activity is another decision."""
    other = token_for("u", NAMES, seq=2)
    outcome, feedback = apply([event(IMPRESSION), event(IMPRESSION, at_ms=NOON_MS + 1), event(IMPRESSION, token=other)])
    assert [(each.activity_id, each.position, each.token.version.seq) for each in outcome.decisions] == [
        ("a", 0, 1),
        ("a", 0, 2),
    ]
    assert (outcome.applied, outcome.joined[JoinOutcome.DUPLICATE]) == (2, 1)
    assert totals(feedback) == {("a", NOON_MS): (2, 0, 0, 0, 0)}


def test_everything_counts_at_the_time_of_its_list() -> None:
    """Contract: no time that a visitor says moves what was learned: a click of 1970 counts when its list was made."""
    outcome, feedback = apply([event(CLICK, at_ms=1), event(IMPRESSION, at_ms=NOON_MS + 9)])
    assert totals(feedback) == {("a", NOON_MS): (1, 1, 0, 0, 0)}
    assert all(each.impressions >= 0 for each in feedback)
    assert outcome.newest_ms == NOON_MS + 9


def test_an_impression_weighs_what_its_place_weighed_when_it_was_first_heard_of() -> None:
    before, after = (SETTINGS._replace(examination_discount=(each,) * 16) for each in (30, 80))
    first = attribute(b"", [(0, event(CLICK, at_ms=NOON_MS + 5))], before)
    again = attribute(first.shown, [(0, event(IMPRESSION))], after)
    assert [(each.impressions, each.examination_discount) for each in first.feedback if each.impressions] == [(1, 30)]
    assert again.feedback == []
    other = attribute(again.shown, [(0, event(IMPRESSION, "b"))], after)
    assert [each.examination_discount for each in other.feedback] == [80]


def test_feedback_carries_the_context_of_the_token() -> None:
    """Contract: what is learned is learned in the context that was scored, under the encoder it belongs to."""
    _, (increment,) = apply([event(IMPRESSION, "b")])
    assert np.frombuffer(increment.x, np.int8).tolist() == [90, *range(-6, 9)]
    assert increment.encoder == 3


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_impressions_clicks_and_dismissals_carry_the_pair_of_their_place(order: tuple[int, ...]) -> None:
    """Contract: in any order and in many batches; a conversion is settled without its token and has none: it carries
    neither impressions nor clicks."""
    told = [event(IMPRESSION, "b"), event(CLICK, "b"), event(CONVERSION, "c"), event(DISMISS, "a")]
    _, feedback = apply(*[[told[at]] for at in order])
    whole = [event(kind, name) for name in NAMES for kind in (IMPRESSION, CLICK, DISMISS, CONVERSION)]
    for each in feedback + apply([whole[at % 12] for at in range(order[0], order[0] + 12)], [PURCHASE])[1]:
        learned = each.impressions or each.clicks or each.dismissals
        assert each.pair == (0x030201 * (NAMES.index(each.activity_id) + 1) if learned else 0)
        assert bool(learned) != bool(each.conversions or each.revenue_milli)


@pytest.mark.parametrize("kind", [IMPRESSION, CLICK, CONVERSION, DISMISS])
def test_nothing_counts_after_the_attribution_window(kind: int) -> None:
    """Contract: with its token too; the window begins when the list was first on screen."""
    late = event(kind, at_ms=NOON_MS + 7_000 + DAY_MS + 1, value=9.0 if kind == CONVERSION else None)
    outcome, feedback = apply([event(IMPRESSION, "b", NOON_MS + 7_000)], [late])
    assert outcome.joined == {JoinOutcome.EXPIRED: 1}
    obeyed = kind == DISMISS
    assert (outcome.applied, outcome.newest_ms) == (int(obeyed), late.ts_ms if obeyed else 0)
    assert totals(feedback) == {("b", NOON_MS): (1, 0, 0, 0, 0)}
    assert apply([event(IMPRESSION, "b", NOON_MS + 7_000)], [late._replace(ts_ms=late.ts_ms - 1)])[0].applied


def test_the_newest_lists_are_kept_and_what_is_older_is_late() -> None:
    """Contract: an impression that was forgotten is not counted a second time, in one batch or in many."""
    lists = pages(40)
    for batches in ([lists], [[each] for each in lists]):
        outcome, feedback = apply(*batches)
        kept = [each.as_of_ms for each in decode_shown(outcome.shown).lists.values()]
        assert kept == [NOON_MS + at for at in range(40 - MAX_LISTS, 40)]
        assert len(feedback) == 40
        forgotten, nothing = apply([lists[0], event(CLICK, token=lists[5].token)], shown=outcome.shown)
        assert (forgotten.joined, forgotten.applied, nothing) == ({JoinOutcome.LATE: 2}, 0, [])
        assert forgotten.shown == outcome.shown


def test_a_list_with_the_version_of_another_takes_nothing_from_it() -> None:
    """Contract: a visitor who brings about a list with the version of the popular one, in another context and under
    another encoder, turns no sum of either below 0."""
    other = token_for("", NAMES[::-1], popular=True, x=np.full((1, 16), 3, np.int8), encoder=4)
    mine = [event(CLICK), event(CONVERSION, value=9.0), event(CONVERSION, at_ms=NOON_MS + 9, value=-3.0)]
    theirs = [
        each._replace(event_id=f"o{at}", activity_id=name, token=other, position=2 - NAMES.index(name))
        for name in NAMES
        for at, each in enumerate(mine)
    ]
    for order in (mine[:2] + theirs + mine, theirs + mine, theirs[:2] + mine + theirs):
        _, feedback = apply(*[[each] for each in order])
        sums: Counter[tuple[str, int, bytes, str]] = Counter()
        for each in feedback:
            for name in ("impressions", "clicks", "conversions", "revenue_milli"):
                sums[each.activity_id, each.encoder, each.x, name] += getattr(each, name)
        assert all(found >= 0 for (*_, name), found in sums.items() if name != "revenue_milli")
        assert all(abs(found) <= 9_000 for (*_, name), found in sums.items() if name == "revenue_milli")


def test_a_dismissal_counts_even_for_a_list_that_is_forgotten() -> None:
    """Contract: what somebody does not want to see stays away, however old his list, for ever."""
    shown = apply(pages(40))[0].shown
    outcome, feedback = apply([event(DISMISS, token=token_for("u", NAMES, NOON_MS - 5))], shown=shown)
    assert (outcome.joined, outcome.applied, feedback) == ({JoinOutcome.LATE: 1}, 1, [])
    assert len(decode_shown(outcome.shown).dismissed) == 1
    assert len(decode_shown(apply(pages(90), shown=outcome.shown)[0].shown).dismissed) == 1


def test_a_type_that_means_nothing_here_is_refused_and_leaves_no_trace() -> None:
    """Contract: a type that is added to events counts as nothing until a line says as what."""
    outcome = attribute(b"", [(4, event(IMPRESSION)._replace(type=max(EventType) + 1))], SETTINGS)
    assert [(number, error.reason) for number, error in outcome.refused] == [(4, Reason.UNKNOWN_TYPE)]
    assert outcome == attribute(b"", [], SETTINGS)._replace(refused=outcome.refused)


def test_a_visitor_who_dismisses_everything_stops_nothing() -> None:
    """Contract: 300 activities, one after the other; what cannot be kept is counted, and the oldest of it is gone."""
    names = [f"a{at}" for at in range(300)]
    many = AttributionSettings.of(KEYS, DAY_MS, dict.fromkeys(names, 1.0), {})
    shown, crowded = b"", 0
    for at, name in enumerate(names):
        dismissal = event(DISMISS, token=token_for("u", [name], NOON_MS + at), position=0, activity_id=name)
        outcome = attribute(shown, [(0, dismissal._replace(ts_ms=NOON_MS + at * DAY_MS // 100))], many)
        shown, crowded = outcome.shown, crowded + outcome.joined[JoinOutcome.CROWDED]
    assert len(decode_shown(shown).dismissed) == 300 - crowded == MAX_DISMISSALS


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_a_dismissal_is_obeyed_after_the_window_and_teaches_nothing(order: tuple[int, ...]) -> None:
    """Contract: marked however old its list is; in any order with one in time the same facts, learned once."""
    seen = event(IMPRESSION), event(IMPRESSION, token=token_for("u", NAMES, seq=2))
    late = event(DISMISS, at_ms=NOON_MS + 9 * DAY_MS)
    told = [late, event(DISMISS, token=seen[1].token), late, event(DISMISS, "b", NOON_MS + 5 * DAY_MS)]
    shown, applied = apply(list(seen))[0].shown, 0
    feedback: list[Feedback] = []
    for at in order:
        outcome = attribute(shown, [(0, told[at])], SETTINGS)
        shown, applied, feedback = outcome.shown, applied + outcome.applied, feedback + outcome.feedback
    assert (applied, totals(feedback)) == (3, {("a", NOON_MS): (0, 0, 0, 1, 0)})
    assert shown == apply([*seen, *told])[0].shown
    assert len(decode_shown(shown).dismissed) == 2


def test_impressions_of_a_capped_activity_are_marked_once_each() -> None:
    """Contract: the newest as many as the cap needs and a few, whatever was shown beside them."""
    capped = SETTINGS._replace(caps=AttributionSettings.of(KEYS, DAY_MS, {}, {}, {"a": (10, 7 * DAY_MS)}).caps)
    shown = b""
    for each in [*pages(20), *pages(20)]:
        shown = attribute(shown, [(0, each), (1, each)], capped).shown
    (marks,) = decode_shown(shown).uses.values()
    assert len(marks) == 10 + SPARE


def test_clicks_are_marked_under_a_number_of_their_own_however_late() -> None:
    """Contract: only where a cap counts them, once an entry by its latest click, though it may teach nothing."""
    needs = {click_name("a"): (1, 7 * DAY_MS)}
    capped = SETTINGS._replace(caps=AttributionSettings.of(KEYS, DAY_MS, {}, {}, needs).caps)
    clicks = [event(CLICK, at_ms=NOON_MS + minutes * 60_000) for minutes in (5, 9, 3 * 1440)]

    shown = b""
    for each in clicks:
        shown = attribute(shown, [(0, each)], capped).shown

    assert {number: list(marks.values()) for number, marks in decode_shown(shown).uses.items()} == {
        activity_hash(click_name("a")): [NOON_MS // 60_000 + 1 + 3 * 1440]
    }
    assert not decode_shown(attribute(b"", [(0, clicks[0])], SETTINGS).shown).uses


@pytest.mark.parametrize("learns", [True, False])
def test_what_comes_of_the_popular_list_is_learned_as_its_user_agreed_at_the_first_of_it(learns: bool) -> None:
    """Contract: nobody's token says what he agreed to; his impression and his click are judged alike all the same."""
    popular = token_for("", NAMES, popular=True)
    first = attribute(b"", [(0, event(IMPRESSION, token=popular))], SETTINGS, learns=learns)
    more = [event(CLICK, token=popular), event(CONVERSION, token=popular), event(DISMISS, "b", token=popular)]
    again = attribute(first.shown, list(enumerate(more)), SETTINGS, learns=not learns)
    assert {each.unlearned for each in first.feedback + again.feedback} == {int(not learns)}
    assert len(again.feedback) == 4


def test_a_conversion_of_a_list_long_gone_is_learned_or_not_as_the_list_was() -> None:
    """Contract: what it takes back it takes from where it was added, and from nobody else."""
    silent = token_for("u", NAMES, unlearned=np.array([True]))
    clicked_first = [event(CLICK, token=silent), event(CONVERSION, token=silent, value=4.0)]
    newer = [event(CLICK, at_ms=NOON_MS + at, token=token_for("u", NAMES, NOON_MS + at)) for at in range(1, 40)]
    returned = event(CONVERSION, at_ms=NOON_MS + 60, token=silent, value=-1.0)
    _, feedback = apply(clicked_first, newer, [returned])
    of_it = [each for each in feedback if each.ts_ms == NOON_MS]
    assert totals(of_it) == {("a", NOON_MS): (1, 1, 1, 0, -1_000)}
    assert {each.unlearned for each in of_it} == {1}
    assert {each.unlearned for each in feedback if each.ts_ms > NOON_MS} == {0}


def test_impressions_and_clicks_are_fed_by_variant() -> None:
    """Contract: the mark that the list's token has for the position; 0 where it has none there, or has none at all."""
    drawn = Drawn(np.array([[7, 0, 0]]), np.array([[128, 0, 0]]), {})
    varied = token_for("u", NAMES, variants=drawn)
    _, feedback = apply(
        [event(CLICK, token=varied), event(CLICK, "b", token=varied), event(CLICK, token=token_for("u", NAMES, seq=2))]
    )
    assert [(each.activity_id, each.variant, each.impressions, each.clicks) for each in feedback] == [
        ("a", 7, 1, 0),
        ("a", 7, 0, 1),
        ("b", 0, 1, 0),
        ("b", 0, 0, 1),
        ("a", 0, 1, 0),
        ("a", 0, 0, 1),
    ]
