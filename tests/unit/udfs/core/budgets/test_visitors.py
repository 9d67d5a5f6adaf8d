"""What a visitor's events can do to a budget."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.core_world import DAY_MS, NOON_MS, activity, token_for
from tests.support.told import CLICK, CONVERSION, IMPRESSION, NAMES, SETTINGS, apply, event
from tideline.schemas.events import Event, EventType
from tideline.udfs.core.budgets.ledgers import KeptLedgers, Ledgers, LedgerSettings
from tideline.udfs.core.rewards.attribution import attribute
from tideline.udfs.core.rewards.feedback import Feedback, decode_feedback, encode_feedback

if TYPE_CHECKING:
    from tideline.udfs.core.budgets.standing import Standing

LISTS = 3
_MADE_MS = [NOON_MS + 1000 * number for number in range(LISTS)]
_TOKENS = [token_for("u", NAMES, made_ms, seq=number + 1) for number, made_ms in enumerate(_MADE_MS)]


def told(which: int, kind: int, name: str, after_ms: int, value: float | None) -> Event:
    """What a visitor says of an entry of one of his lists."""
    known = event(kind, name, _MADE_MS[which] + after_ms, _TOKENS[which])
    return Event(f"{which}-{known.event_id}-{value}", *known[1:])._replace(value=value)


def spent(feedback: list[Feedback]) -> Standing:
    """Where a budget of 100 stands of which each conversion takes 1."""
    ledgers = Ledgers(LedgerSettings(DAY_MS), KeptLedgers())
    ledgers.note("a", activity("a", budget=100.0, cost=1.0))
    ids, rows = decode_feedback(encode_feedback(feedback))
    ledgers.learn({name: rows[rows["activity"] == at] for at, name in enumerate(ids)})
    return dict(ledgers.standings())["a"]


_EVENTS = st.builds(
    told,
    st.integers(0, LISTS - 1),
    st.sampled_from([IMPRESSION, CLICK, CONVERSION]),
    st.sampled_from(["a", "b"]),
    st.integers(0, 500),
    st.sampled_from([None, 0.0, -5.0, 1e8]),
)


@settings(max_examples=100, deadline=None)
@given(st.lists(_EVENTS, min_size=1, max_size=30), st.integers(0, 2**32 - 1))
def test_each_entry_he_was_shown_is_charged_once_at_the_most(events: list[Event], seed: int) -> None:
    """Contract: however often, late, shuffled and with whatever value a conversion is reported; with any batching."""
    rng = np.random.default_rng(seed)
    entries = {each.token for each in events if each.type == CONVERSION and each.activity_id == "a"}
    for order in (events, [events[at] for at in rng.integers(0, len(events), 2 * len(events))] + events):
        batches = [order[start : start + 7] for start in range(0, len(order), 7)]
        _, feedback = apply(*batches)
        if feedback:
            assert spent(feedback).spent_cents == 100 * len(entries)


def test_what_others_were_shown_is_not_charged() -> None:
    """Contract: nor a place that the activity did not stand in, nor what is told without a click and a token."""
    foreign = event(CONVERSION, token=token_for("somebody", NAMES))
    elsewhere = event(CONVERSION)._replace(position=1)
    loose = event(CONVERSION, token=None)
    bought = Event("p", "u", EventType.PURCHASE, NOON_MS, item_id="tea", price=1.0, quantity=1)
    outcome = attribute(b"", list(enumerate([foreign, elsewhere, loose, bought])), SETTINGS)
    assert len(outcome.refused) == 2
    assert not outcome.feedback


def test_a_purchase_and_reports_of_one_click_are_charged_once() -> None:
    """Contract: and a purchase that another click takes over is charged where it is, not where it was."""
    bought = Event("p", "u", EventType.PURCHASE, NOON_MS + 900, item_id="tea", price=1.0, quantity=1)
    again = [bought._replace(event_id=f"p{number}", ts_ms=NOON_MS + 900 + number) for number in range(5)]
    _, feedback = apply([told(0, CLICK, "a", 1, None), *again], [told(0, CONVERSION, "a", 5, 3.0), bought])
    assert spent(feedback).spent_cents == 100
    _, feedback = apply([told(0, CLICK, "a", 1, None), bought], [told(0, CLICK, "b", 20, None)])
    assert spent(feedback).spent_cents == 0


def test_a_clock_that_is_four_minutes_ahead_moves_no_budget_far() -> None:
    """Contract: what is spent stays; what is expected yet and the price move by what four minutes do."""
    began_ms = NOON_MS - DAY_MS + 60_000
    shown = [
        Feedback("a", 1, began_ms, bytes(16), 1, conversions=int(at < 20), lag=int(at < 20)) for at in range(2_000)
    ]
    right, ahead = (spent([*shown, Feedback("b", 1, at_ms, bytes(16), 1)]) for at_ms in (NOON_MS, NOON_MS + 240_000))
    assert right.spent_cents == ahead.spent_cents == 2_000
    assert right.stopped == ahead.stopped
    assert 0.7 < ahead.price / right.price < 1.1
