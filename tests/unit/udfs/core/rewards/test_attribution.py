"""Rewards: each counted once, whatever comes first."""

from __future__ import annotations

from collections import Counter
from itertools import permutations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.core_world import DAY_MS, KEYS, NOON_MS, token_for
from tideline.schemas.errors import Reason
from tideline.schemas.events import Event, EventType
from tideline.udfs.core.catalogue.activity import Cap
from tideline.udfs.core.rewards.attributing import WORTH_LIMIT, Attributing
from tideline.udfs.core.rewards.attribution import Attributed, attribute
from tideline.udfs.core.rewards.feedback import Feedback, decode_feedback, encode_feedback
from tideline.udfs.core.rewards.join import Join
from tideline.udfs.core.rewards.room import MAX_REWARDS, SHOWN_BYTES
from tideline.udfs.core.rewards.token_events import MAX_LISTS
from tideline.udfs.core.shown.claims import MAX_CLAIMS
from tideline.udfs.core.shown.marks import SPARE
from tideline.udfs.core.shown.shown_bytes import decode_shown

NAMES = ["a", "b", "c"]
SETTINGS = Attributing.of(KEYS, DAY_MS, {"a": 2.5, "b": 1.0, "c": 1.0}, {"tea": ("a", "b"), "milk": ("b",)})
IMPRESSION, CLICK, CONVERSION, DISMISS = EventType.IMPRESSION, EventType.CLICK, EventType.CONVERSION, EventType.DISMISS


LIST_1 = token_for("u", NAMES)


def event(kind: int, name: str = "a", at_ms: int = NOON_MS, token: str | None = LIST_1, **fields: Any) -> Event:
    position = NAMES.index(name) if token else None
    given = {"activity_id": name, "token": token, "position": position} | fields
    return Event(f"{kind}-{name}-{at_ms}", "u", kind, at_ms, **given)


def apply(*batches: list[Event], shown: bytes = b"") -> tuple[Attributed, list[Feedback]]:
    """Apply batches one after the other; return the last outcome and all feedback."""
    feedback: list[Feedback] = []
    outcome = attribute(shown, [], SETTINGS)
    for batch in batches:
        outcome = attribute(outcome.shown or shown, list(enumerate(batch)), SETTINGS)
        feedback += outcome.feedback
    return outcome, feedback


def totals(feedback: list[Feedback]) -> dict[tuple[str, int], tuple[int, ...]]:
    """(impressions, clicks, conversions, dismissals, thousandths) by activity and time, what cancels out left out."""
    sums: Counter[tuple[str, int, str]] = Counter()
    names = ("impressions", "clicks", "conversions", "dismissals", "revenue_milli")
    for each in feedback:
        for name in names:
            sums[each.activity_id, each.ts_ms, name] += getattr(each, name)
    keys = {(activity_id, ts_ms) for activity_id, ts_ms, _ in sums}
    rows = {key: tuple(sums[(*key, name)] for name in names) for key in sorted(keys)}
    return {key: row for key, row in rows.items() if any(row)}


FOUR = [event(IMPRESSION), event(CLICK, at_ms=NOON_MS + 5), event(CONVERSION, at_ms=NOON_MS + 9, value=3.25),
        event(DISMISS, at_ms=NOON_MS + 7)]  # fmt: skip


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_any_order_of_what_was_done_gives_the_same_sums(order: tuple[int, ...]) -> None:
    """Contract: one impression, click, conversion and dismissal at the time of the earliest, whatever came first."""
    arrivals = [FOUR[at] for at in order]
    outcome, feedback = apply(*[[each] for each in arrivals])
    assert totals(feedback) == {("a", NOON_MS): (1, 1, 1, 1, 3250)}
    assert outcome.shown == apply(FOUR)[0].shown
    again, more = apply(arrivals, FOUR, shown=outcome.shown)
    assert (again.applied, again.joined[Join.DUPLICATE], totals(more)) == (0, 4, {})


@settings(max_examples=80, deadline=None)
@given(st.lists(st.sampled_from(range(12)), max_size=40), st.lists(st.integers(1, 6), min_size=1, max_size=8))
def test_duplicates_and_batches_change_nothing(arrivals: list[int], sizes: list[int]) -> None:
    events = [
        event(kind, name, NOON_MS + 10 * kind + at)
        for at, name in enumerate(NAMES)
        for kind in (IMPRESSION, CLICK, CONVERSION, DISMISS)
    ]
    stream = [events[at] for at in arrivals]
    batches: list[list[Event]] = []
    at = 0
    while at < len(stream):
        batches.append(stream[at : at + sizes[len(batches) % len(sizes)]])
        at += len(batches[-1])
    seen = sorted(set(arrivals))
    expected, feedback = apply([events[at] for at in seen])
    outcome, found = apply(*batches)
    assert totals(found) == totals(feedback)
    assert outcome.shown == expected.shown


def test_a_click_without_an_impression_implies_one() -> None:
    """Contract: the click rate of an activity never exceeds 1."""
    outcome, feedback = apply([event(CLICK)])
    assert totals(feedback) == {("a", NOON_MS): (1, 1, 0, 0, 0)}
    assert [decision.activity_id for decision in outcome.decisions] == ["a"]


def test_an_impression_is_one_decision_however_often_it_is_reported() -> None:
    """Contract: once per list and activity; another list with the same activity is another decision."""
    other = token_for("u", NAMES, seq=2)
    outcome, feedback = apply([event(IMPRESSION), event(IMPRESSION, at_ms=NOON_MS + 1), event(IMPRESSION, token=other)])
    assert [(each.activity_id, each.slot, each.token.seq) for each in outcome.decisions] == [("a", 0, 1), ("a", 0, 2)]
    assert (outcome.applied, outcome.joined[Join.DUPLICATE]) == (2, 1)
    assert totals(feedback) == {("a", NOON_MS): (2, 0, 0, 0, 0)}


def test_everything_counts_at_the_time_of_its_list() -> None:
    """Contract: no time that a visitor says moves what was learned: a click of 1970 counts when its list was made."""
    outcome, feedback = apply([event(CLICK, at_ms=1), event(IMPRESSION, at_ms=NOON_MS + 9)])
    assert totals(feedback) == {("a", NOON_MS): (1, 1, 0, 0, 0)}
    assert all(each.impressions >= 0 for each in feedback)
    assert outcome.newest_ms == NOON_MS + 9


def test_an_impression_weighs_what_its_place_weighed_when_it_was_first_heard_of() -> None:
    before, after = (SETTINGS._replace(overlooked=(each,) * 16) for each in (30, 80))
    first = attribute(b"", [(0, event(CLICK, at_ms=NOON_MS + 5))], before)
    again = attribute(first.shown, [(0, event(IMPRESSION))], after)
    assert [(each.impressions, each.overlooked) for each in first.feedback if each.impressions] == [(1, 30)]
    assert again.feedback == []
    other = attribute(again.shown, [(0, event(IMPRESSION, "b"))], after)
    assert [each.overlooked for each in other.feedback] == [80]


def test_feedback_carries_the_context_of_the_token() -> None:
    """Contract: what is learned is learned in the context that was scored, under the encoder it belongs to."""
    _, (increment,) = apply([event(IMPRESSION, "b")])
    assert np.frombuffer(increment.x, np.int8).tolist() == [90, *range(-6, 9)]
    assert increment.encoder == 3


@pytest.mark.parametrize("kind", [IMPRESSION, CLICK, DISMISS])
def test_without_a_token_there_is_no_reward(kind: int) -> None:
    outcome, feedback = apply([event(IMPRESSION)], [event(kind, token=None, at_ms=NOON_MS + 1)])
    assert (outcome.joined, outcome.applied, outcome.newest_ms, len(feedback)) == ({Join.WITHOUT_TOKEN: 1}, 0, 0, 1)


@pytest.mark.parametrize(
    ("name", "after_ms", "joined"),
    [
        ("a", 0, Join.INFERRED),
        ("a", DAY_MS, Join.INFERRED),
        ("a", DAY_MS + 1, Join.EXPIRED),
        ("a", -1, Join.EXPIRED),
        ("b", 5, Join.DANGLING),
        ("d", 5, Join.UNKNOWN_ACTIVITY),
    ],
)
def test_a_conversion_without_a_token_counts_in_the_window(name: str, after_ms: int, joined: Join) -> None:
    """Contract: from the click on its activity to the end of the attribution window, both included."""
    done = [event(CLICK), event(IMPRESSION, "b")]
    outcome, feedback = apply(done, [event(CONVERSION, name, NOON_MS + after_ms, token=None)])
    assert outcome.joined == {joined: 1}
    converted = (1, 1, 1, 0, 2500) if joined == Join.INFERRED else (1, 1, 0, 0, 0)
    assert totals(feedback) == {("a", NOON_MS): converted, ("b", NOON_MS): (1, 0, 0, 0, 0)}


@pytest.mark.parametrize("kind", [IMPRESSION, CLICK, CONVERSION, DISMISS])
def test_nothing_counts_after_the_attribution_window(kind: int) -> None:
    """Contract: with its token too; the window begins when the list was first on screen."""
    late = event(kind, at_ms=NOON_MS + 7_000 + DAY_MS + 1, value=9.0 if kind == CONVERSION else None)
    outcome, feedback = apply([event(IMPRESSION, "b", NOON_MS + 7_000)], [late])
    assert outcome.joined == {Join.EXPIRED: 1}
    obeyed = kind == DISMISS
    assert (outcome.applied, outcome.newest_ms) == (int(obeyed), late.ts_ms if obeyed else 0)
    assert totals(feedback) == {("b", NOON_MS): (1, 0, 0, 0, 0)}
    assert apply([event(IMPRESSION, "b", NOON_MS + 7_000)], [late._replace(ts_ms=late.ts_ms - 1)])[0].applied


def clicked(name: str, at_ms: int, made: int) -> Event:
    return event(CLICK, name, NOON_MS + at_ms, token=token_for("u", NAMES, NOON_MS + made, seq=made))


def test_it_goes_to_the_list_clicked_last_and_counts_once() -> None:
    """Contract: last by the time of the click, not of the list; a repeated conversion is a duplicate."""
    lists = [clicked("a", 300, 1), clicked("a", 200, 2)]
    conversion = event(CONVERSION, at_ms=NOON_MS + 500, token=None, value=7.0)
    outcome, feedback = apply(lists, [conversion], [conversion])
    assert outcome.joined == {Join.DUPLICATE: 1}
    assert totals(feedback) == {("a", NOON_MS + 1): (1, 1, 1, 0, 7000), ("a", NOON_MS + 2): (1, 1, 0, 0, 0)}


PURCHASE = Event("p", "u", EventType.PURCHASE, NOON_MS + 600, item_id="tea", price=1.25, quantity=3)


def test_of_several_activities_that_name_an_item_the_one_clicked_last_gets_the_purchase() -> None:
    """Contract: one purchase, one conversion, price times quantity, however often it is reported."""
    done = [clicked("a", 50, 1), clicked("b", 40, 2), clicked("c", 60, 3)]
    _, feedback = apply(done, [PURCHASE], [PURCHASE], [PURCHASE])
    assert totals(feedback) == {
        ("a", NOON_MS + 1): (1, 1, 1, 0, 3750),
        ("b", NOON_MS + 2): (1, 1, 0, 0, 0),
        ("c", NOON_MS + 3): (1, 1, 0, 0, 0),
    }


def test_a_purchase_that_is_retried_after_another_click_is_still_one() -> None:
    """Contract: its id counts once; a click after the purchase earns nothing of it."""
    _, feedback = apply([clicked("a", 50, 1)], [PURCHASE], [clicked("b", 700, 2)], [PURCHASE])
    assert totals(feedback) == {("a", NOON_MS + 1): (1, 1, 1, 0, 3750), ("b", NOON_MS + 2): (1, 1, 0, 0, 0)}


def test_a_purchase_that_is_retried_with_another_clock_counts_once_from_its_earliest() -> None:
    """Contract: one stamped anew goes to the entry clicked last before the first moment, in any order."""
    done = [clicked("a", 50, 1), clicked("b", 700, 2)]
    for ts_ms in permutations([600, 800, 30_000]):
        told = [[PURCHASE._replace(ts_ms=NOON_MS + each)] for each in ts_ms]
        _, feedback = apply(done, *told)
        assert totals(feedback) == {("a", NOON_MS + 1): (1, 1, 1, 0, 3750), ("b", NOON_MS + 2): (1, 1, 0, 0, 0)}


def test_a_purchase_that_is_retried_after_its_entry_is_forgotten_is_still_one() -> None:
    """Contract: what it earned stays earned, and no entry whose window is still open gets it a second time."""
    first_seen = event(IMPRESSION, "b", NOON_MS + 1, token=token_for("u", NAMES, NOON_MS + 1, seq=1))
    more = [clicked("c", 90_000 + at, 90_000 + at) for at in range(9)]
    first, _ = apply([first_seen, clicked("b", 50_000, 49_000), clicked("a", 60_000, 1), *more],
                     [PURCHASE._replace(ts_ms=NOON_MS + 80_000)])  # fmt: skip
    now_ms = NOON_MS + 40_000 + DAY_MS
    late, _ = apply([event(IMPRESSION, "c", now_ms, token=token_for("u", NAMES, now_ms, seq=99))], shown=first.shown)
    assert [each.spent for each in decode_shown(late.shown).claims.values()] == [True]
    again, feedback = apply([PURCHASE._replace(ts_ms=NOON_MS + 80_000)], shown=late.shown)
    assert (again.joined, feedback) == ({Join.DUPLICATE: 1}, [])


@settings(max_examples=80, deadline=None)
@given(st.permutations([clicked("a", 50, 1), clicked("b", 40, 2), clicked("b", 90, 3), PURCHASE,
                        PURCHASE._replace(event_id="q", ts_ms=NOON_MS + 70),
                        event(CONVERSION, "b", NOON_MS + 95, token=None)]), st.data())  # fmt: skip
def test_purchases_and_clicks_may_come_in_any_order(order: list[Event], data: st.DataObject) -> None:
    """Contract: a purchase that overtakes the click that led to it earns what it would have earned after it."""
    cuts = sorted(data.draw(st.lists(st.integers(0, 6), max_size=3)))
    batches = [order[start:end] for start, end in zip([0, *cuts], [*cuts, 6], strict=True)]
    outcome, feedback = apply(*batches)
    in_order = sorted(order, key=lambda each: each.ts_ms)
    assert totals(feedback) == totals(apply(in_order)[1])
    assert outcome.shown == apply(in_order)[0].shown
    assert totals(feedback) == {
        ("a", NOON_MS + 1): (1, 1, 1, 0, 3750),
        ("b", NOON_MS + 2): (1, 1, 0, 0, 0),
        ("b", NOON_MS + 3): (1, 1, 1, 0, 3750),
    }


def test_a_purchase_without_a_price_is_worth_what_its_activity_says() -> None:
    """Contract: no price is no worth of 0; a price of 0 is one."""
    unpriced = PURCHASE._replace(price=None)
    assert totals(apply([clicked("a", 5, 1)], [unpriced])[1]) == {("a", NOON_MS + 1): (1, 1, 1, 0, 2500)}
    free = PURCHASE._replace(price=0.0)
    assert totals(apply([clicked("a", 5, 1)], [free])[1]) == {("a", NOON_MS + 1): (1, 1, 1, 0, 0)}


def test_a_return_with_the_time_of_its_order_counts() -> None:
    """Contract: of two reports of one moment the lower worth counts, whichever comes first."""
    pair = [event(CONVERSION, value=20.0), event(CONVERSION, value=0.0)]
    for reports in (pair, pair[::-1]):
        assert totals(apply([event(CLICK)], reports)[1]) == {("a", NOON_MS): (1, 1, 1, 0, 0)}


def test_a_purchase_older_than_all_that_are_kept_is_late() -> None:
    """Contract: what is forgotten is never counted again, and what it earned stays earned."""
    many = [PURCHASE._replace(event_id=f"p{at}", ts_ms=NOON_MS + 100 + at) for at in range(MAX_CLAIMS + 3)]
    outcome, feedback = apply([clicked("a", 5, 1)], *[[each] for each in many])
    assert len(decode_shown(outcome.shown).claims) == MAX_CLAIMS
    again, more = apply([many[0]], shown=outcome.shown)
    assert (again.joined, more) == ({Join.LATE: 1}, [])
    assert totals(feedback) == {("a", NOON_MS + 1): (1, 1, 1, 0, 3750)}


def test_a_purchase_and_its_conversion_are_one() -> None:
    """Contract: a shop that reports both rewards once, whichever comes first."""
    purchase = Event("p", "u", EventType.PURCHASE, NOON_MS + 60, item_id="tea", price=2.5)
    conversion = event(CONVERSION, at_ms=NOON_MS + 61, token=None)
    for pair in ([purchase, conversion], [conversion, purchase]):
        assert totals(apply([event(CLICK)], [pair[0]], [pair[1]])[1]) == {("a", NOON_MS): (1, 1, 1, 0, 2500)}


REPORTS = [
    event(CONVERSION, value=None),
    Event("p", "u", EventType.PURCHASE, NOON_MS + 3, item_id="tea", price=2.0, quantity=2),
    Event("q", "u", EventType.PURCHASE, NOON_MS + 6, item_id="tea", price=9.0),
    event(CONVERSION, at_ms=NOON_MS + 4, value=9.0),
    event(CONVERSION, at_ms=NOON_MS + 5, value=7.5),
    event(CONVERSION, at_ms=NOON_MS + 5, value=-1.0),
]
TRUTHS = [(1, 2500), (2, 4000), (3, 4000), (4, 9000), (5, 7500), (6, -1000)]
"""After the first so many reports: the revenue of a run that saw only the final truth, in thousandths."""


@settings(max_examples=120, deadline=None)
@given(st.sampled_from(TRUTHS), st.data())
def test_a_later_report_replaces_the_earlier_worth_in_any_order(truth: tuple[int, int], data: st.DataObject) -> None:
    """Contract: one conversion, of the newest value, else the first purchase, else the activity's; repeats are free."""
    count, milli = truth
    reports = REPORTS[:count]
    order = data.draw(st.permutations(reports + data.draw(st.lists(st.sampled_from(reports), max_size=4))))
    final = event(CLICK)
    outcome, feedback = apply([final], *[[each] for each in order])
    assert totals(feedback) == {("a", NOON_MS): (1, 1, 1, 0, milli)}
    assert outcome.shown == apply([final], reports)[0].shown


def test_what_became_of_each_report_is_counted() -> None:
    lists = [event(IMPRESSION), event(CLICK)]
    for reports, joined in (
        ([event(CONVERSION, value=1.0)], {Join.MATCHED: 1}),
        ([event(CONVERSION, value=1.0), event(CONVERSION, at_ms=NOON_MS + 1, value=2.0)],
         {Join.MATCHED: 1, Join.REVISED: 1}),
        ([event(CONVERSION, at_ms=NOON_MS + 1, value=2.0), event(CONVERSION, value=1.0)],
         {Join.MATCHED: 1, Join.SUPERSEDED: 1}),
        ([REPORTS[1], event(CONVERSION, at_ms=NOON_MS + 9, value=2.0, token=None)], {Join.BOUGHT: 1, Join.INFERRED: 1}),
    ):  # fmt: skip
        shown = apply(lists)[0].shown
        assert attribute(shown, list(enumerate(reports)), SETTINGS).joined == joined


def test_a_worth_beyond_the_limit_is_cut_and_counted() -> None:
    """Contract: one report moves what was learned by no more than the deployment says; other currencies say more."""
    first, _ = apply([event(IMPRESSION)])
    outcome = attribute(first.shown, [(0, event(CONVERSION, value=1e9))], SETTINGS)
    assert [each.revenue_milli for each in outcome.feedback] == [round(WORTH_LIMIT * 1000)]
    assert outcome.joined == {Join.MATCHED: 1, Join.CUT: 1}
    rich = attribute(first.shown, [(0, event(CONVERSION, value=1e9))], SETTINGS._replace(worth_limit=1e9))
    assert [each.revenue_milli for each in rich.feedback] == [10**12]
    assert decode_feedback(encode_feedback(rich.feedback))[1]["revenue_milli"].tolist() == [10**12]


def test_a_negative_value_means_nothing_but_for_a_conversion() -> None:
    _, feedback = apply([event(CLICK, value=-1.0)])
    assert totals(feedback) == {("a", NOON_MS): (1, 1, 0, 0, 0)}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"token": "nonsense"}, Reason.BAD_TOKEN),
        ({"token": token_for("v", NAMES)}, Reason.FOREIGN_TOKEN),
        ({"position": 1}, Reason.FOREIGN_TOKEN),
        ({"activity_id": "d"}, Reason.FOREIGN_TOKEN),
    ],
)
def test_a_false_claim_is_refused_and_leaves_no_trace(changes: dict[str, Any], reason: Reason) -> None:
    claim = event(CLICK)._replace(**changes)
    outcome = attribute(b"", [(17, claim)], SETTINGS)
    assert [(number, error.reason) for number, error in outcome.refused] == [(17, reason)]
    assert outcome == attribute(b"", [], SETTINGS)._replace(refused=outcome.refused)


def pages(count: int, kind: int = IMPRESSION) -> list[Event]:
    return [event(kind, at_ms=NOON_MS + at, token=token_for("u", NAMES, NOON_MS + at)) for at in range(count)]


def test_the_newest_lists_are_kept_and_what_is_older_is_late() -> None:
    """Contract: an impression that was forgotten is not counted a second time, in one batch or in many."""
    lists = pages(40)
    for batches in ([lists], [[each] for each in lists]):
        outcome, feedback = apply(*batches)
        kept = [each.as_of_ms for each in decode_shown(outcome.shown).lists.values()]
        assert kept == [NOON_MS + at for at in range(40 - MAX_LISTS, 40)]
        assert len(feedback) == 40
        forgotten, nothing = apply([lists[0], event(CLICK, token=lists[5].token)], shown=outcome.shown)
        assert (forgotten.joined, forgotten.applied, nothing) == ({Join.LATE: 2}, 0, [])
        assert forgotten.shown == outcome.shown


def test_what_was_clicked_outlives_its_list() -> None:
    """Contract: click, 60 more pages, purchase with the token: it counts; and the click is not counted again."""
    first = event(CLICK, "b", token=token_for("u", NAMES, NOON_MS - 9))
    shown = apply([first], pages(60))[0].shown
    outcome, feedback = apply([event(CONVERSION, "b", NOON_MS + 480_000, first.token, value=4.0), first], shown=shown)
    assert outcome.joined == {Join.MATCHED: 1, Join.LATE: 1}
    assert totals(feedback) == {("b", NOON_MS - 9): (0, 0, 1, 0, 4000)}


def test_clicks_beyond_all_room_are_counted_as_forgotten() -> None:
    """Contract: those inside their window go only where there is no more room, the oldest first."""
    outcome = apply(pages(MAX_REWARDS + 3, CLICK))[0]
    kept = sorted(key[1] - NOON_MS for key, _ in decode_shown(outcome.shown).rewards)
    assert kept == list(range(MAX_REWARDS + 3 - len(kept), MAX_REWARDS + 3))
    assert outcome.joined[Join.CROWDED] == MAX_REWARDS + 3 - len(kept)
    assert len(outcome.shown) <= SHOWN_BYTES < len(outcome.shown) + 50
    on_few = [event(CLICK, NAMES[at % 3], NOON_MS + at, token_for("u", NAMES, NOON_MS + at // 3)) for at in range(99)]
    assert len(decode_shown(apply(on_few)[0].shown).rewards) == MAX_REWARDS


@pytest.mark.parametrize("waits", [False, True])
def test_an_entry_whose_reward_was_forgotten_is_not_paid_again(waits: bool) -> None:
    """Contract: an account that clicks all it sees, again and again, also by a clock turned back, is paid once each."""
    names = [f"a{at}" for at in range(16)]
    rich = Attributing.of(KEYS, DAY_MS, dict.fromkeys(names, 1.0), {})
    told: list[Event] = []
    for page in range(8):
        token = token_for("u", names, NOON_MS + page, seq=page)
        for name in names:
            click = Event(f"c{page}{name}", "u", CLICK, NOON_MS + 50 + page, activity_id=name, token=token)
            told += [click, click._replace(event_id=f"v{page}{name}", type=CONVERSION, value=1e9)]
    later = token_for("u", names, NOON_MS + 9 * DAY_MS)
    wait = [Event("w", "u", IMPRESSION, NOON_MS + 9 * DAY_MS, activity_id="a0", token=later)] if waits else []
    shown = b""
    feedback: list[Feedback] = []
    for each in [*told, *wait, *told, *told[::-1]]:
        outcome = attribute(shown, [(0, each)], rich)
        shown, feedback = outcome.shown, feedback + outcome.feedback
    sums = [row for _, row in totals(feedback).items()]
    assert all(clicks <= 1 and conversions <= 1 for _, clicks, conversions, _, _ in sums)
    assert sum(row[1] for row in sums) == 8 * 16


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


def test_one_event_id_for_a_purchase_and_a_conversion_is_one_in_any_order() -> None:
    """Contract: of two things that a producer told by one id the earliest counts, at one moment always the same."""
    pair = [PURCHASE, event(CONVERSION, at_ms=NOON_MS + 590, token=None, value=7.0)._replace(event_id="p")]
    for others in ([], [PURCHASE._replace(price=9.0)]):
        stories = [totals(apply([clicked("a", 5, 1)], *[[each] for each in order])[1])
                   for order in permutations(pair + others)]  # fmt: skip
        assert all(each == stories[0] for each in stories)


def test_a_dismissal_counts_even_for_a_list_that_is_forgotten() -> None:
    """Contract: what somebody does not want to see stays away, however old his list, for ever."""
    shown = apply(pages(40))[0].shown
    outcome, feedback = apply([event(DISMISS, token=token_for("u", NAMES, NOON_MS - 5))], shown=shown)
    assert (outcome.joined, outcome.applied, feedback) == ({Join.LATE: 1}, 1, [])
    assert len(decode_shown(outcome.shown).dismissed) == 1
    assert len(decode_shown(apply(pages(90), shown=outcome.shown)[0].shown).dismissed) == 1


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
    capped = SETTINGS._replace(caps=Attributing.of(KEYS, DAY_MS, {}, {}, {"a": Cap(10, 7 * DAY_MS)}).caps)
    shown = b""
    for each in [*pages(20), *pages(20)]:
        shown = attribute(shown, [(0, each), (1, each)], capped).shown
    (marks,) = decode_shown(shown).uses.values()
    assert len(marks) == 10 + SPARE
