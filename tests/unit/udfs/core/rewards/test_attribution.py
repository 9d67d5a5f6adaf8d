"""Rewards: each counted once, whatever comes first."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.core_world import DAY_MS, KEYS, NOON_MS, token_for
from tests.support.plain_shown import decode_shown
from tests.support.told import CLICK, CONVERSION, DISMISS, IMPRESSION, NAMES, SETTINGS, apply, event, pages, totals
from tideline.schemas.errors import Reason
from tideline.schemas.events import Event
from tideline.udfs.core.rewards.attribution import attribute
from tideline.udfs.core.rewards.attribution_settings import AttributionSettings
from tideline.udfs.core.rewards.feedback import Feedback
from tideline.udfs.core.rewards.join import JoinOutcome
from tideline.udfs.core.rewards.room import MAX_REWARDS, SHOWN_BYTES

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
    assert (again.applied, again.joined[JoinOutcome.DUPLICATE], totals(more)) == (0, 4, {})


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


@pytest.mark.parametrize("kind", [IMPRESSION, CLICK, DISMISS])
def test_without_a_token_there_is_no_reward(kind: int) -> None:
    outcome, feedback = apply([event(IMPRESSION)], [event(kind, token=None, at_ms=NOON_MS + 1)])
    assert (outcome.joined, outcome.applied, outcome.newest_ms, len(feedback)) == (
        {JoinOutcome.WITHOUT_TOKEN: 1},
        0,
        0,
        1,
    )


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


def test_what_was_clicked_outlives_its_list() -> None:
    """Contract: click, 60 more pages, purchase with the token: it counts; and the click is not counted again."""
    first = event(CLICK, "b", token=token_for("u", NAMES, NOON_MS - 9))
    shown = apply([first], pages(60))[0].shown
    outcome, feedback = apply([event(CONVERSION, "b", NOON_MS + 480_000, first.token, value=4.0), first], shown=shown)
    assert outcome.joined == {JoinOutcome.MATCHED: 1, JoinOutcome.LATE: 1}
    assert totals(feedback) == {("b", NOON_MS - 9): (0, 0, 1, 0, 4000)}


def test_clicks_beyond_all_room_are_counted_as_forgotten() -> None:
    """Contract: those inside their window go only where there is no more room, the oldest first."""
    outcome = apply(pages(MAX_REWARDS + 3, CLICK))[0]
    kept = sorted(key[1] - NOON_MS for key, _ in decode_shown(outcome.shown).rewards)
    assert kept == list(range(MAX_REWARDS + 3 - len(kept), MAX_REWARDS + 3))
    assert outcome.joined[JoinOutcome.CROWDED] == MAX_REWARDS + 3 - len(kept)
    assert len(outcome.shown) <= SHOWN_BYTES < len(outcome.shown) + 50
    on_few = [event(CLICK, NAMES[at % 3], NOON_MS + at, token_for("u", NAMES, NOON_MS + at // 3)) for at in range(99)]
    assert len(decode_shown(apply(on_few)[0].shown).rewards) == MAX_REWARDS


@pytest.mark.parametrize("waits", [False, True])
def test_an_entry_whose_reward_was_forgotten_is_not_paid_again(waits: bool) -> None:
    """Contract: an account that clicks all it sees, again and again, also by a clock turned back, is paid once each."""
    names = [f"a{at}" for at in range(16)]
    rich = AttributionSettings.of(KEYS, DAY_MS, dict.fromkeys(names, 1.0), {})
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
