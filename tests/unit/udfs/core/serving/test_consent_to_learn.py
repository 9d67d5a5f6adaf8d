"""Of whose lists is learned: as he had agreed when each was made, whatever he has said since."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.core_world import NOON_MS, token_for
from tests.support.engine_runs import NAMES, records_of, views
from tests.support.profile_shop import SILENT, WORLD, Shop
from tests.support.told import totals
from tideline.schemas.events import Event, EventType
from tideline.udfs.core.profiles.held_profiles import HeldProfiles
from tideline.udfs.core.profiles.profile_record import Consent, Profile, encode_profile
from tideline.udfs.core.rewards.feedback import Feedback
from tideline.udfs.core.serving.engine import process


def done(kind: int, payload: bytes, position: int = 0, at_ms: int = NOON_MS + 40_000, **fields: Any) -> Event:
    """Return what u did with an entry of a list."""
    found = json.loads(payload)
    given = {"activity_id": found["i"][position], "token": found["k"], "position": position} | fields
    return Event(f"{kind}-{found['v']}-{position}-{at_ms}", "u", kind, at_ms, **given)


def test_without_consent_to_learn_feedback_is_marked_and_nothing_else_changes() -> None:
    """Contract: budgets and caps still count; of a list its token alone differs."""
    plain, silent = Shop(), Shop()
    silent.told(Profile("u", NOON_MS - 1, consent=Consent(learn=False)))
    outcomes = []
    for shop in (plain, silent):
        shop.seen(*views("u", 3))
        ranked = shop.lists["u"]
        outcomes.append(shop.seen(done(EventType.IMPRESSION, ranked), done(EventType.CLICK, ranked)))
    assert [each._replace(unlearned=1) for each in outcomes[0].feedback] == outcomes[1].feedback != []
    lists = [json.loads(shop.lists["u"]) for shop in (plain, silent)]
    assert lists[0] == lists[1] | {"k": lists[0]["k"]}


CONSENTS = (Profile("u", NOON_MS + 10_000, consent=SILENT), Profile("u", NOON_MS + 20_000))
"""u withdraws his consent, and gives it again."""


def lists_of_each_consent() -> list[bytes]:
    """Return a list of u from before he withdrew his consent, one from then, and one since he gave it again."""
    shop = Shop()
    shop.seen(*views("u", 1))
    found = [shop.lists["u"]]
    for each in CONSENTS:
        shop.told(each)
        found.append(shop.lists["u"])
    return found


def deeds_with(payload: bytes, number: int) -> list[Event]:
    """Return all that u may do with two entries of a list, and a purchase of the first that is sent back."""
    start_ms = NOON_MS + 40_000 + 20_000 * number
    kinds = (EventType.IMPRESSION, EventType.CLICK, EventType.CONVERSION, EventType.DISMISS)
    told = [done(kind, payload, at, start_ms + 1_000 * (4 * at + kind)) for at in (0, 1) for kind in kinds]
    worths = [done(EventType.CONVERSION, payload, 0, start_ms + 15_000 + at, value=9.5 - 9.5 * at) for at in (0, 1)]
    loose = done(EventType.CONVERSION, payload, 1, start_ms + 18_000)._replace(token=None, position=None)
    return [*told, *worths, loose]


def run_of(told: list[Event | Profile]) -> list[Feedback]:
    """Return what is fed when u's events and profiles are applied one by one."""
    shop, feedback = Shop(), []
    for each in told:
        if isinstance(each, Profile):
            shop.told(each)
        else:
            feedback += shop.seen(each).feedback
    return feedback


def sums_by_consent(feedback: list[Feedback]) -> list[dict[tuple[str, int], tuple[int, ...]]]:
    """Return the totals of what is learned, and of what is not."""
    return [totals([each for each in feedback if each.unlearned == flag]) for flag in (0, 1)]


LISTS = lists_of_each_consent()
DEEDS = [event for number, payload in enumerate(LISTS) for event in deeds_with(payload, number)]
IN_TURN: list[Event | Profile] = [*CONSENTS, *DEEDS]


def test_what_comes_of_a_list_is_learned_or_not_as_its_user_agreed_when_it_was_made() -> None:
    """Contract: its impression, clicks, conversions and returns alike, though he has changed his mind since."""
    learned, silent = sums_by_consent(run_of(IN_TURN))
    assert {ts_ms for _, ts_ms in learned} == {NOON_MS, NOON_MS + 20_000}
    assert {ts_ms for _, ts_ms in silent} == {NOON_MS + 10_066}
    assert all(row[:4] == (1, 1, 1, 1) for row in (*learned.values(), *silent.values()))


@settings(max_examples=20, deadline=None)
@given(st.permutations(IN_TURN))
def test_a_switch_of_consent_anywhere_between_leaves_the_same_sums(told: list[Event | Profile]) -> None:
    """Contract: in any order of impressions, clicks, conversions with and without token, returns and profiles."""
    assert sums_by_consent(run_of(told)) == sums_by_consent(run_of(IN_TURN))


@pytest.mark.parametrize("learn", [True, False])
def test_of_the_popular_list_it_counts_what_its_user_has_agreed_to(learn: bool) -> None:
    """Contract: its token is everybody's and says nothing of him."""
    shop = Shop()
    shop.told(Profile("u", NOON_MS, consent=Consent(learn=learn)))
    token = token_for("", NAMES, popular=True)
    seen = Event("i", "u", EventType.IMPRESSION, NOON_MS + 9, activity_id=NAMES[0], token=token, position=0)
    first = shop.seen(seen)
    shop.told(Profile("u", NOON_MS + 20, consent=Consent(learn=not learn)))
    then = shop.seen(seen._replace(event_id="c", type=EventType.CLICK, ts_ms=NOON_MS + 30))
    assert [each.unlearned for each in (*first.feedback, *then.feedback)] == [int(not learn)] * 2


def test_of_a_past_feedback_is_learned_as_it_was_live() -> None:
    """Contract: lists say what had been agreed to, so a replay and a backfill need not know what was said when."""
    held = HeldProfiles([(b"u", encode_profile(CONSENTS[1]), NOON_MS + 10**6)])  # the topic is compacted
    shop = Shop()
    outcome = process(records_of(DEEDS), shop.load, WORLD, held=held)
    assert sums_by_consent(outcome.feedback) == sums_by_consent(run_of(IN_TURN))
