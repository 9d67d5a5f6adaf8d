"""Which events of a batch count at all."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from tests.support.core_world import NOON_MS, activity, make_ranker, token_for
from tideline.schemas.codec import encode_event
from tideline.schemas.errors import Reason
from tideline.schemas.events import Event, EventType
from tideline.udfs.core.serving.engine import Outcome, Records, process
from tideline.udfs.core.users.rate_guard import MAX_ACTS_PER_S
from tideline.udfs.core.users.user_state import decode_states

if TYPE_CHECKING:
    from collections.abc import Iterable

SECOND_MS = NOON_MS // 1000 * 1000
MOST_NOTICED = 32
"""Distinct acts of a second after which, two of them sharing a bit at times, the excess was noticed in every test."""


def views(times_ms: Iterable[int], name: str = "v") -> list[Event]:
    return [Event(f"{name}{number}", "u", EventType.VIEW, ts_ms) for number, ts_ms in enumerate(times_ms)]


def cut(events: list[Event], size: int) -> list[list[Event]]:
    return [events[at : at + size] for at in range(0, len(events), size)]


def run(batches: list[list[Event]], user: str = "u") -> tuple[list[Outcome], bytes]:
    """Process one user's events batch by batch."""
    ranker = make_ranker([activity("a")])
    state: bytes | None = None
    outcomes: list[Outcome] = []
    for events in batches:
        records = Records([user.encode()] * len(events), [encode_event(each) for each in events], [2**50] * len(events))
        outcomes.append(process(records, lambda _: [state], ranker))  # noqa: B023 - called at once
        state = outcomes[-1].states[0]
    assert state is not None
    return outcomes, state


def test_two_tabs_and_a_retry_reach_the_learner_and_the_purchase_after_them_counts() -> None:
    """Contract: 22 impressions of a second, all sent twice, quarantine nobody; nothing is a dead letter."""
    token, other = token_for("u", ["a"]), token_for("u", ["a"], seq=2)
    shown = [
        Event(f"{n}", "u", EventType.IMPRESSION, SECOND_MS, activity_id="a", token=each, position=0)
        for n in range(11)
        for each in (token, other)
    ]
    outcomes, state = run([shown, shown, [Event("p", "u", EventType.PURCHASE, SECOND_MS + 60_000)]])
    assert [each.dead for each in outcomes] == [[], [], []]
    assert len(outcomes[0].feedback) == 2
    assert decode_states([state], 8).header["purchases"].tolist() == [1]


@pytest.mark.parametrize("size", [1, 9, 60])
def test_nothing_is_learned_from_a_robot_and_all_that_is_set_aside_can_be_read_back(size: int) -> None:
    """Contract: no history, no rewards, no list; each event is a dead letter at its place, a purchase told apart."""
    token = token_for("u", ["a"])
    click = Event("c", "u", EventType.CLICK, SECOND_MS + 5_000, activity_id="a", token=token, position=0)
    events = [*views([SECOND_MS + at for at in range(50)]), click]
    events.append(Event("p", "u", EventType.PURCHASE, SECOND_MS + 9_000, "i"))
    batches = cut(events, size)
    outcomes, state = run(batches)
    aside = [batch[each.number] for batch, found in zip(batches, outcomes, strict=True) for each in found.dead]
    passed = len(events) - len(aside)
    assert MAX_ACTS_PER_S <= passed < MOST_NOTICED
    assert aside == events[passed:]
    assert {each.error.reason for found in outcomes for each in found.dead} == {Reason.QUARANTINED}
    assert outcomes[-1].dead[-1].error.detail.startswith("purchase ")
    counts = sum((found.counts for found in outcomes), Counter[str]())
    assert (counts["quarantined"], counts["quarantined_purchase"]) == (len(aside), 1)
    assert not any(found.feedback for found in outcomes)
    assert decode_states([state], 8).header["accepted"].tolist() == [passed]


def test_what_becomes_of_messages_neither_ranks_nor_teaches_and_is_heard_of_robots_too() -> None:
    """Contract: lists, state and sums are as without such events; who unsubscribes is heard, whatever else he does."""
    acts = views([SECOND_MS + n for n in range(2 * MOST_NOTICED)])
    told = [
        Event("e", "u", EventType.UNSUBSCRIBE, SECOND_MS),
        Event("20000-0-x", "u", EventType.PUSH_FAILED, SECOND_MS, activity_id="a", token="t", position=0),
    ]
    (plain,), state = run([acts])
    (beside,), same = run([[told[0], *acts, told[1]]])
    assert plain.dead
    assert plain.push == []
    assert beside.push == told
    assert same == state
    assert (beside.lists, beside.feedback, len(beside.dead)) == (plain.lists, plain.feedback, len(plain.dead))
    assert beside.counts["records"] == len(acts) + 2
    assert (beside.counts["events_unsubscribe"], beside.counts["events_push_failed"]) == (1, 1)
