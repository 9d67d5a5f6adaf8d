"""Purchases and conversions: each credited once, to the entry clicked last before it."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.core_world import DAY_MS, NOON_MS, token_for
from tests.support.told import CLICK, CONVERSION, IMPRESSION, NAMES, PURCHASE, SETTINGS, apply, clicked, event, totals
from tideline.schemas.events import Event, EventType
from tideline.udfs.core.lags import lag_code
from tideline.udfs.core.rewards.attribution import attribute
from tideline.udfs.core.rewards.attribution_settings import WORTH_LIMIT
from tideline.udfs.core.rewards.feedback import Feedback, decode_feedback, encode_feedback
from tideline.udfs.core.rewards.join import JoinOutcome


@pytest.mark.parametrize(
    ("name", "after_ms", "joined"),
    [
        ("a", 0, JoinOutcome.INFERRED),
        ("a", DAY_MS, JoinOutcome.INFERRED),
        ("a", DAY_MS + 1, JoinOutcome.EXPIRED),
        ("a", -1, JoinOutcome.EXPIRED),
        ("b", 5, JoinOutcome.DANGLING),
        ("d", 5, JoinOutcome.UNKNOWN_ACTIVITY),
    ],
)
def test_a_conversion_without_a_token_counts_in_the_window(name: str, after_ms: int, joined: JoinOutcome) -> None:
    """Contract: from the click on its activity to the end of the attribution window, both included."""
    done = [event(CLICK), event(IMPRESSION, "b")]
    outcome, feedback = apply(done, [event(CONVERSION, name, NOON_MS + after_ms, token=None)])
    assert outcome.joined == {joined: 1}
    converted = (1, 1, 1, 0, 2500) if joined == JoinOutcome.INFERRED else (1, 1, 0, 0, 0)
    assert totals(feedback) == {("a", NOON_MS): converted, ("b", NOON_MS): (1, 0, 0, 0, 0)}


def test_it_goes_to_the_list_clicked_last_and_counts_once() -> None:
    """Contract: last by the time of the click, not of the list; a repeated conversion is a duplicate."""
    lists = [clicked("a", 300, 1), clicked("a", 200, 2)]
    conversion = event(CONVERSION, at_ms=NOON_MS + 500, token=None, value=7.0)
    outcome, feedback = apply(lists, [conversion], [conversion])
    assert outcome.joined == {JoinOutcome.DUPLICATE: 1}
    assert totals(feedback) == {("a", NOON_MS + 1): (1, 1, 1, 0, 7000), ("a", NOON_MS + 2): (1, 1, 0, 0, 0)}


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


def test_a_list_that_was_on_screen_earlier_than_was_known_loses_a_purchase_after_its_window() -> None:
    """Contract: of click, purchase and an earlier impression that is told late, any order says the same."""
    told = [event(CLICK, at_ms=NOON_MS + 5_000), PURCHASE._replace(ts_ms=NOON_MS + DAY_MS + 3_000), event(IMPRESSION)]
    for order in permutations(told):
        _, feedback = apply(*[[each] for each in order])
        assert totals(feedback) == {("a", NOON_MS): (1, 1, 0, 0, 0)}


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


def test_a_worth_beyond_the_limit_is_cut_and_counted() -> None:
    """Contract: one report moves what was learned by no more than the deployment says; other currencies say more."""
    first, _ = apply([event(IMPRESSION)])
    outcome = attribute(first.shown, [(0, event(CONVERSION, value=1e9))], SETTINGS)
    assert [each.revenue_milli for each in outcome.feedback] == [round(WORTH_LIMIT * 1000)]
    assert outcome.joined == {JoinOutcome.MATCHED: 1, JoinOutcome.CUT: 1}
    rich = attribute(first.shown, [(0, event(CONVERSION, value=1e9))], SETTINGS._replace(worth_limit=1e9))
    assert [each.revenue_milli for each in rich.feedback] == [10**12]
    assert decode_feedback(encode_feedback(rich.feedback))[1]["revenue_milli"].tolist() == [10**12]


def test_one_event_id_for_a_purchase_and_a_conversion_is_one_in_any_order() -> None:
    """Contract: of two things that a producer told by one id the earliest counts, at one moment always the same."""
    pair = [PURCHASE, event(CONVERSION, at_ms=NOON_MS + 590, token=None, value=7.0)._replace(event_id="p")]
    for others in ([], [PURCHASE._replace(price=9.0)]):
        stories = [totals(apply([clicked("a", 5, 1)], *[[each] for each in order])[1])
                   for order in permutations(pair + others)]  # fmt: skip
        assert all(each == stories[0] for each in stories)


def lags(feedback: list[Feedback]) -> dict[tuple[str, int], Counter[int]]:
    """By activity and time how many conversions are how late, what cancels out left out."""
    found: defaultdict[tuple[str, int], Counter[int]] = defaultdict(Counter)
    for each in feedback:
        found[each.activity_id, each.ts_ms].update({each.lag: 1})
        found[each.activity_id, each.ts_ms].subtract({each.lag_before: 1})
    return {
        key: left for key, each in found.items() if (left := Counter({lag: n for lag, n in each.items() if lag and n}))
    }


def test_a_conversion_is_as_late_as_its_first_report() -> None:
    """Contract: counted from its list; a value that comes a day later changes its worth and not that."""
    reports = [event(CONVERSION, at_ms=NOON_MS + 90_000, value=9.0), event(CONVERSION, at_ms=NOON_MS + DAY_MS // 2)]
    for order in permutations([event(CLICK), *reports]):
        for batches in ([list(order)], [[each] for each in order]):
            assert lags(apply(*batches)[1]) == {("a", NOON_MS): {lag_code(90_000): 1}}


@settings(max_examples=80, deadline=None)
@given(st.permutations([clicked("a", 50, 1), clicked("b", 40, 2), clicked("b", 90, 3), PURCHASE,
                        PURCHASE._replace(event_id="q", ts_ms=NOON_MS + 70),
                        event(CONVERSION, "b", NOON_MS + 9_500, token=None),
                        event(CONVERSION, "b", NOON_MS + 95, token_for("u", NAMES, NOON_MS + 3, seq=3))]),
       st.data())  # fmt: skip
def test_how_late_conversions_are_does_not_depend_on_the_order(order: list[Event], data: st.DataObject) -> None:
    """Contract: a purchase that another click takes over leaves nothing where it was, and each has one lag."""
    cuts = sorted(data.draw(st.lists(st.integers(0, 7), max_size=4)))
    batches = [order[start:end] for start, end in zip([0, *cuts], [*cuts, 7], strict=True)]
    outcome, feedback = apply(*batches)
    in_order, expected = apply(sorted(order, key=lambda each: each.ts_ms))
    assert lags(feedback) == lags(expected)
    assert outcome.shown == in_order.shown
    counted = {key: row[2] for key, row in totals(feedback).items() if row[2]}
    assert {key: sum(each.values()) for key, each in lags(feedback).items()} == counted
