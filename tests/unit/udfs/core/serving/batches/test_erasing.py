"""Erasing a user: what is left of him, what he can still do, and what it does to others."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from tests.support.core_world import KEYS, NOON_MS
from tests.support.engine_runs import records_of, story_of, sums_of, views
from tests.support.profile_shop import WORLD, Shop
from tideline.schemas.errors import Reason
from tideline.schemas.events import Event, EventType
from tideline.udfs.core.erasure.erase_order import erase_order
from tideline.udfs.core.erasure.known_erasures import KnownErasures, erasure_record
from tideline.udfs.core.profiles.profile_record import Consent, Profile
from tideline.udfs.core.serving.engine import Outcome, process
from tideline.udfs.core.serving.ranker_state import RankerState
from tideline.udfs.core.serving.renewal.renew import refresh, republish
from tideline.udfs.core.users.erased_mark import marked
from tideline.udfs.core.users.user_state import decode_states

ERASED_MS = NOON_MS + 3_600_000
LATER_MS = ERASED_MS + 60_000


def knowing(erased_ms: int, *users: str) -> RankerState:
    """Return the ranker of a job that read these erasures at its start."""
    return replace(
        WORLD, erasures=KnownErasures.of([erasure_record(each, erased_ms, "op", KEYS) for each in users], KEYS)
    )


def erase(shop: Shop, user: str = "u", at_ms: int = ERASED_MS) -> Outcome:
    return shop.seen(erase_order(user, at_ms, KEYS))


def shown(payload: bytes, kind: int, at_ms: int, position: int = 0) -> Event:
    """Return what u did with an entry of a list."""
    found = json.loads(payload)
    about = {"activity_id": found["i"][position], "token": found["k"], "position": position}
    return Event(f"{kind}-{at_ms}-{position}", "u", kind, at_ms, **about)


def later(number: int, user: str = "u") -> Event:
    return Event(f"later-{number}", user, EventType.VIEW, LATER_MS + 1_000 * number, "i", "tea", 1.0)


def test_nothing_is_left_of_an_erased_user_but_when() -> None:
    """Contract: nine bytes of state and a list that shows nothing, newer than all he had; twice is once."""
    shop = Shop()
    shop.seen(*story_of("u", 60, np.random.default_rng(2)))
    before = json.loads(shop.lists["u"])["v"]
    at_ms = before[1] + 5
    outcome = erase(shop, at_ms=at_ms)
    assert shop.states["u"] == marked(at_ms, b"")
    expected = {"v": [1, at_ms, before[2] + 1], "x": at_ms, "m": 0, "i": [], "e": [], "k": ""}
    assert (outcome.listed, json.loads(shop.lists["u"])) == (["u"], expected)
    assert (outcome.dead, outcome.counts["erasures"]) == ([], 1)

    erase(shop, at_ms=at_ms)
    assert shop.states["u"] == marked(at_ms, b"")
    erase(shop, at_ms=at_ms + 9)
    assert shop.states["u"] == marked(at_ms + 9, b"")


def test_who_was_never_seen_is_erased_all_the_same() -> None:
    """Contract: what of him is still on its way is refused."""
    shop = Shop()
    assert erase(shop).listed == ["u"]
    shop.seen(*views("u", 3))
    assert (shop.states["u"], shop.counts["erased"]) == (marked(ERASED_MS, b""), 3)


def test_who_comes_back_starts_anew() -> None:
    """Contract: his state and his list are those of somebody who was never there, behind up to when he was erased."""
    shop, other = Shop(), Shop()
    shop.seen(*story_of("u", 60, np.random.default_rng(2)))
    erase(shop, at_ms=json.loads(shop.lists["u"])["v"][1])
    erased_ms = decode_states([shop.states["u"]], 8).erased_ms[0]
    back = [later(number)._replace(ts_ms=int(erased_ms) + 1_000 * number) for number in range(1, 5)]
    shop.seen(*back)
    other.seen(*back)
    assert shop.states["u"] == marked(int(erased_ms), other.states["u"])
    assert shop.lists["u"] == other.lists["u"]


def test_an_old_tab_teaches_nothing() -> None:
    """Contract: a token of before counts for nothing, however late; one of a list of after does."""
    shop = Shop()
    shop.seen(*views("u", 4))
    old = shop.lists["u"]
    erase(shop)
    told = shop.seen(*(shown(old, kind, LATER_MS) for kind in (4, 5, 6, 7)))
    assert (told.feedback, told.decisions, told.dead, told.counts["erased"]) == ([], [], [], 4)
    assert shop.states["u"] == marked(ERASED_MS, b"")
    shop.seen(later(0))
    assert shop.seen(shown(shop.lists["u"], EventType.CLICK, LATER_MS + 9_000)).feedback


def test_clicks_in_the_batch_of_the_order_count_as_they_would_have_one_by_one() -> None:
    """Contract: what stands before the order is erased by it, what stands behind it and is later stays."""
    shop = Shop()
    shop.seen(*views("u", 4))
    click = shown(shop.lists["u"], EventType.CLICK, NOON_MS + 9_000)
    token = json.loads(shop.lists["u"])["k"]
    orders = [erase_order("u", ERASED_MS, KEYS, token), erase_order("u", ERASED_MS, KEYS)]
    outcome = shop.seen(click, *orders, later(0))
    assert not any(sums_of(outcome.feedback).values())
    assert decode_states([shop.states["u"]], 8).header["accepted"].tolist() == [1]


@pytest.mark.parametrize("behind_ms", [1, 86_400_000])
def test_an_order_whose_clock_is_behind_erases_all_that_was_known_when_it_came(behind_ms: int) -> None:
    """Contract: up to the newest list; so no token of before is believed either."""
    shop = Shop()
    shop.seen(*views("u", 4), least_ms=NOON_MS + 77_000)
    old = shop.lists["u"]
    newest_ms = json.loads(old)["v"][1]
    shop.seen(erase_order("u", newest_ms - behind_ms, KEYS), least_ms=NOON_MS + 77_000)
    assert shop.states["u"] == marked(newest_ms, b"")
    assert shop.seen(shown(old, EventType.CLICK, LATER_MS)).feedback == []


def test_an_order_of_the_future_is_refused_and_one_a_little_ahead_holds() -> None:
    """Contract: over five minutes ahead of the broker it is a dead letter; else what comes until then is of before."""
    shop = Shop()
    order = erase_order("u", ERASED_MS, KEYS)
    for ahead_ms, refused in ((300_001, [Reason.FUTURE]), (300_000, [])):
        records = records_of([order])._replace(timestamps_ms=[ERASED_MS - ahead_ms])
        outcome = shop.put(process(records, shop.load, WORLD))
        assert [each.error.reason for each in outcome.dead] == refused
    shop.seen(Event("soon", "u", EventType.VIEW, ERASED_MS - 5, "i"))
    assert shop.counts["erased"] == 1


def test_a_visitor_erases_nobody() -> None:
    """Contract: an order without our signature is a dead letter and changes nothing, for himself and for others."""
    shop = Shop()
    shop.seen(*views("u", 4))
    states, lists = dict(shop.states), dict(shop.lists)
    forged = [
        Event("e1", "u", EventType.ERASE, ERASED_MS),
        Event("e1", "u", EventType.ERASE, ERASED_MS, token=json.loads(shop.lists["u"])["k"]),
        erase_order("visitor", ERASED_MS, KEYS)._replace(user_id="u"),
        erase_order("u", ERASED_MS, KEYS, "no token"),
    ]
    for event in forged:
        (letter,) = shop.seen(event).dead
        assert letter.error.reason in (Reason.FOREIGN_TOKEN, Reason.BAD_TOKEN)
    assert (shop.states, shop.lists, shop.counts["erasures"]) == (states, lists, 0)


def test_the_lists_and_states_of_others_keep_every_byte() -> None:
    """Contract: a hundred erasures in a batch of others change nothing of theirs."""
    rng = np.random.default_rng(9)
    stories = [event for number in range(20) for event in story_of(f"w{number}", 12, rng)]
    gone = [event for number in range(100) for event in views(f"u{number}", 2)]
    plain, shop = Shop(), Shop()
    for each in (plain, shop):
        each.seen(*stories[:120], *gone)
    plain.seen(*stories[120:])
    shop.seen(*(erase_order(f"u{number}", ERASED_MS, KEYS) for number in range(100)), *stories[120:])
    others = {user for user in plain.states if user.startswith("w")}
    assert len(others) == 20
    assert all(shop.states[user] == plain.states[user] and shop.lists[user] == plain.lists[user] for user in others)
    assert shop.counts["erasures"] == 100


def test_a_restart_before_the_order_ends_as_it_did_the_first_time() -> None:
    """Contract: with what the topic told at the start, the same events again lead to the same states and sums."""
    shop = Shop()
    shop.seen(*views("u", 4))
    kept, lists = dict(shop.states), dict(shop.lists)
    token = json.loads(shop.lists["u"])["k"]
    rest = [
        shown(lists["u"], EventType.CLICK, NOON_MS + 9_000),
        erase_order("u", ERASED_MS, KEYS, token),
        erase_order("u", ERASED_MS, KEYS),
        later(0),
    ]
    for event in rest:
        shop.seen(event)
    again = Shop(knowing(ERASED_MS, "u"))
    again.states, again.lists = kept, lists
    for event in rest:
        again.seen(event)
    assert (again.states, again.lists) == (shop.states, shop.lists)
    assert not any([*sums_of(again.feedback).values(), *sums_of(shop.feedback).values()])


def test_over_an_older_range_and_after_a_loss_of_state_he_is_known_to_be_erased() -> None:
    """Contract: a replay, a backfill and a job without state read the topic; nothing of before counts."""
    shop = Shop(knowing(ERASED_MS, "u"))
    other = Shop()
    both = [*views("u", 4), *views("w", 4)]
    shop.seen(*both)
    other.seen(*both)
    assert shop.lists == {"w": other.lists["w"]}
    assert shop.states == {"u": marked(ERASED_MS, b""), "w": other.states["w"]}
    muted = Shop(knowing(ERASED_MS, "u"))
    muted.seen(*both, muted=True)
    assert muted.states["u"] == marked(ERASED_MS, b"")
    muted.seen(erase_order("u", ERASED_MS, KEYS), muted=True)
    assert (muted.states["u"], muted.lists) == (marked(ERASED_MS, b""), {})


def test_a_range_that_is_learned_anew_has_nothing_of_who_was_erased_since() -> None:
    """Contract: what is left in live's sums once all of him was taken back, and not a bit of him."""
    shop = Shop()
    past = [*views("u", 4), *views("w", 4)]
    shop.seen(*past)
    events = [
        shown(shop.lists[user], kind, NOON_MS + 9_000 + kind)._replace(user_id=user, event_id=f"{user}{kind}")
        for user in ("u", "w")
        for kind in (EventType.IMPRESSION, EventType.CLICK)
    ]
    order = erase_order("u", ERASED_MS, KEYS, json.loads(shop.lists["u"])["k"])
    live = [*shop.seen(*events).feedback, *shop.seen(order).feedback]
    anew = Shop(knowing(ERASED_MS, "u")).seen(*past, *events, muted=True)
    left = {arm: sums for arm, sums in sums_of(live).items() if sums}
    assert left == sums_of(anew.feedback) != {}
    assert len(anew.feedback) == 2


def test_state_of_before_whose_order_is_lost_ranks_nobody() -> None:
    """Contract: an old savepoint does not bring him back, neither by a republish, nor once he comes himself."""
    old = Shop()
    old.seen(*views("u", 4))
    state = old.states["u"]
    shop = Shop(knowing(ERASED_MS, "u"))
    assert republish(["u"], [state], shop.world).listed == []
    assert refresh(["u"], [state], shop.world, NOON_MS + 60_000).listed == []
    shop.states["u"] = state
    new = Shop()
    shop.seen(later(0))
    new.seen(later(0))
    assert shop.states["u"] == marked(ERASED_MS, new.states["u"])
    assert shop.lists == new.lists


def test_a_republish_writes_the_lists_of_erased_users_too() -> None:
    """Contract: after a loss of Redis; who came back gets his own."""
    shop = Shop()
    erase(shop, "u")
    erase(shop, "back")
    shop.seen(later(0, "back"))
    outcome = republish(["u", "back"], shop.load(["u", "back"]), WORLD)
    assert outcome.listed == ["back", "u"]
    assert json.loads(outcome.lists[1]) == {"v": [1, ERASED_MS, 0], "x": ERASED_MS, "m": 0, "i": [], "e": [], "k": ""}
    assert outcome.states[0] == marked(ERASED_MS, b"")


def test_what_was_said_of_him_before_is_forgotten_too() -> None:
    """Contract: a profile that comes late, or in another order, brings nothing back; one of later counts."""
    shop = Shop()
    profile = Profile("u", NOON_MS, {"tier": "gold"}, consent=Consent(learn=False))
    shop.told(profile, stamped_ms=2**50)
    shop.seen(*views("u", 4))
    erase(shop)
    assert shop.states["u"] == marked(ERASED_MS, b"")
    shop.told(replace(profile, ts_ms=ERASED_MS), stamped_ms=2**50)
    assert shop.states["u"] == marked(ERASED_MS, b"")
    shop.told(replace(profile, ts_ms=ERASED_MS + 1), stamped_ms=2**50)
    assert decode_states([shop.states["u"]], 8).profiles[0]
