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
from udfs.core.attribution import MAX_CENTS, MAX_SHOWN, Attributed, Attributing, attribute
from udfs.core.errors import Reason
from udfs.core.events import Event, EventType
from udfs.core.feedback import Feedback, decode_feedback, encode_feedback
from udfs.core.join import Join
from udfs.core.user_state import SHOWN

NAMES = ["a", "b", "c"]
SETTINGS = Attributing(KEYS, DAY_MS, {"a": 2.5, "b": 1.0, "c": 1.0}, {"tea": ("a", "b"), "milk": ("b",)})
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
    """(impressions, clicks, conversions, dismissals, cents) by activity and time, what cancels out left out."""
    sums: Counter[tuple[str, int, str]] = Counter()
    names = ("impressions", "clicks", "conversions", "dismissals", "revenue_milli")
    for each in feedback:
        for name in names:
            sums[each.activity_id, each.ts_ms, name] += getattr(each, name) // (10 if name == "revenue_milli" else 1)
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
    assert totals(feedback) == {("a", NOON_MS): (1, 1, 1, 1, 325)}
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


def test_what_is_taken_back_of_an_impression_is_what_was_added() -> None:
    """Contract: an earlier event moves it with the weight it was counted with, whatever its place weighs by then."""
    before, after = (SETTINGS._replace(overlooked=(each,) * 16) for each in (30, 80))
    first = attribute(b"", [(0, event(CLICK, at_ms=NOON_MS + 5))], before)
    moved = attribute(first.shown, [(0, event(IMPRESSION))], after)
    assert [(each.impressions, each.overlooked) for each in first.feedback if each.impressions] == [(1, 30)]
    assert [(each.impressions, each.overlooked) for each in moved.feedback] == [(-1, 30), (1, 30)]
    other = attribute(moved.shown, [(0, event(IMPRESSION, "b"))], after)
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
    """Contract: from the impression of its activity to the end of the attribution window, both included."""
    outcome, feedback = apply([event(IMPRESSION)], [event(CONVERSION, name, NOON_MS + after_ms, token=None)])
    assert outcome.joined == {joined: 1}
    assert totals(feedback) == {("a", NOON_MS): (1, 0, 1, 0, 250) if joined == Join.INFERRED else (1, 0, 0, 0, 0)}


def test_it_goes_to_the_newest_list_and_counts_once() -> None:
    """Contract: a repeated conversion is a duplicate, not a conversion of the list before."""
    lists = [event(IMPRESSION, at_ms=NOON_MS + 100 * at, token=token_for("u", NAMES, seq=at)) for at in (1, 2)]
    conversion = event(CONVERSION, at_ms=NOON_MS + 500, token=None, value=7.0)
    outcome, feedback = apply(lists, [conversion], [conversion])
    assert outcome.joined == {Join.DUPLICATE: 1}
    assert totals(feedback) == {("a", NOON_MS + 100): (1, 0, 0, 0, 0), ("a", NOON_MS + 200): (1, 0, 1, 0, 700)}


def test_a_purchase_converts_what_was_clicked_about_its_item() -> None:
    """Contract: price times quantity, for every activity that names the item and was clicked in the window, once."""
    done = [event(CLICK, "a"), event(IMPRESSION, "b"), event(CLICK, "c")]
    purchase = Event("p", "u", EventType.PURCHASE, NOON_MS + 60, item_id="tea", price=1.25, quantity=3)
    _, feedback = apply(done, [purchase], [purchase])
    assert totals(feedback) == {
        ("a", NOON_MS): (1, 1, 1, 0, 375),
        ("b", NOON_MS): (1, 0, 0, 0, 0),
        ("c", NOON_MS): (1, 1, 0, 0, 0),
    }
    late = purchase._replace(ts_ms=NOON_MS + DAY_MS + 1)
    assert totals(apply(done, [late])[1])["a", NOON_MS] == (1, 1, 0, 0, 0)


def test_a_purchase_and_its_conversion_are_one() -> None:
    """Contract: a shop that reports both rewards once, whichever comes first."""
    purchase = Event("p", "u", EventType.PURCHASE, NOON_MS + 60, item_id="tea", price=2.5)
    conversion = event(CONVERSION, at_ms=NOON_MS + 61, token=None)
    for pair in ([purchase, conversion], [conversion, purchase]):
        assert totals(apply([event(CLICK)], [pair[0]], [pair[1]])[1]) == {("a", NOON_MS): (1, 1, 1, 0, 250)}


REPORTS = [
    event(CONVERSION, value=None),
    Event("p", "u", EventType.PURCHASE, NOON_MS + 3, item_id="tea", price=2.0, quantity=2),
    Event("q", "u", EventType.PURCHASE, NOON_MS + 6, item_id="tea", price=9.0),
    event(CONVERSION, at_ms=NOON_MS + 4, value=9.0),
    event(CONVERSION, at_ms=NOON_MS + 5, value=7.5),
    event(CONVERSION, at_ms=NOON_MS + 5, value=-1.0),
]
TRUTHS = [(1, 250), (2, 400), (3, 400), (4, 900), (5, 750), (6, 750)]
"""After the first so many reports: the revenue of a run that saw only the final truth, in cents."""


@settings(max_examples=120, deadline=None)
@given(st.sampled_from(TRUTHS), st.data())
def test_a_later_report_replaces_the_earlier_worth_in_any_order(truth: tuple[int, int], data: st.DataObject) -> None:
    """Contract: one conversion, of the newest value, else the first purchase, else the activity's; repeats are free."""
    count, cents = truth
    reports = REPORTS[:count]
    order = data.draw(st.permutations(reports + data.draw(st.lists(st.sampled_from(reports), max_size=4))))
    final = event(CLICK)
    outcome, feedback = apply([final], *[[each] for each in order])
    assert totals(feedback) == {("a", NOON_MS): (1, 1, 1, 0, cents)}
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


def test_an_absurd_worth_is_cut_and_can_be_sent() -> None:
    """Contract: the largest value that validation lets through fits the feedback rows."""
    _, feedback = apply([event(IMPRESSION, at_ms=NOON_MS - 1)], [event(CONVERSION, value=1e9)],
                        [event(CONVERSION, at_ms=NOON_MS + 1, value=-1e9)])  # fmt: skip
    assert [each.revenue_milli for each in feedback if each.revenue_milli] == [10 * MAX_CENTS, -20 * MAX_CENTS]
    assert decode_feedback(encode_feedback(feedback))[1]["revenue_milli"].sum() == -10 * MAX_CENTS


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


def test_the_newest_64_rows_are_kept_and_what_is_older_is_late() -> None:
    """Contract: an impression that was forgotten is not counted a second time, in one batch or in many."""
    lists = [event(IMPRESSION, at_ms=NOON_MS + at, token=token_for("u", NAMES, NOON_MS + at)) for at in range(70)]
    for batches in ([lists], [[each] for each in lists]):
        outcome, feedback = apply(*batches)
        kept = np.frombuffer(outcome.shown, SHOWN)
        assert kept["as_of_ms"].tolist() == [NOON_MS + at for at in range(70 - MAX_SHOWN, 70)]
        assert len(feedback) == 70
        forgotten, nothing = apply([lists[0], event(CLICK, token=lists[5].token)], shown=outcome.shown)
        assert (forgotten.joined, forgotten.applied, nothing) == ({Join.LATE: 2}, 0, [])
        assert forgotten.shown == outcome.shown


def test_only_applied_events_move_the_users_time() -> None:
    """Contract: a refused or repeated event makes no newer list version, in whatever batch it came."""
    bad = event(CLICK, at_ms=NOON_MS + 99, token="nonsense")
    outcome, _ = apply([event(IMPRESSION), bad, event(CLICK, at_ms=NOON_MS + 50, token=None)])
    assert outcome.newest_ms == NOON_MS
