"""Contract: the shop of the simulated year keeps as bytes what the job keeps so, and does what operators order."""

from __future__ import annotations

import numpy as np

from tideline.schemas.codec import encode_event
from tideline.schemas.events import Event, EventType
from tideline.scripts.benchmarks.year.year_shop import Deployment, Shop
from tideline.scripts.benchmarks.year.year_visitors import Page, read_page
from tideline.scripts.benchmarks.year.year_world import DAY_MS, HOUR_MS, START_MS, Change
from tideline.udfs.core.catalogue.activity import Activity
from tideline.udfs.core.lists.token_keys import TokenKeys
from tideline.udfs.core.serving.engine import Records

NOON_MS = START_MS + 12 * HOUR_MS


def running(name: str, **changes: object) -> Activity:
    """Return an activity of ten days, from the first on."""
    given = {"categories": ("tea",), "items": (f"deal-{name}",)} | changes
    return Activity(name, "coupon", name, START_MS, START_MS + 10 * DAY_MS, **given)  # type: ignore[arg-type]


def opened(*names: str) -> Shop:
    """Return a shop in which these activities run."""
    shop = Shop(Deployment(TokenKeys({1: b"k" * 32}, 1)))
    shop.change(Change(name, running(name)) for name in names)
    return shop


def records(*events: Event) -> Records:
    return Records(
        [each.user_id.encode() for each in events],
        [encode_event(each) for each in events],
        [each.ts_ms + 500 for each in events],
    )


def view(user: str, ts_ms: int = NOON_MS) -> Event:
    return Event(f"{user} {ts_ms}", user, EventType.VIEW, ts_ms, item_id="i1", category="tea")


def seen(user: str, page: Page, ts_ms: int) -> list[Event]:
    """Return the impressions of a page."""
    return [
        Event(
            f"{user} {ts_ms} {at}", user, EventType.IMPRESSION, ts_ms, activity_id=name, token=page.token, position=at
        )
        for at, name in enumerate(page.activities)
    ]


def test_an_activity_is_listed_from_its_change_to_its_deletion() -> None:
    """Contract: what was deleted is in no list made after it and names no item."""
    shop = opened("a1", "a2")
    shop.handle(records(view("u1")))
    assert set(read_page(shop.lists["u1"]).activities) == {"a1", "a2"}
    assert shop.items_of("a1") == ("deal-a1",)
    shop.change([Change("a1", None)])
    shop.handle(records(view("u1", NOON_MS + 1_000)))
    assert read_page(shop.lists["u1"]).activities == ("a2",)
    assert shop.items_of("a1") == ()


def test_what_is_learned_is_in_the_world_once_it_is_published() -> None:
    """Contract: feedback waits for the end of its publish interval, and is learned once."""
    shop = opened("a1", "a2")
    shop.handle(records(view("u1")))
    before = [each.copy() for each in shop.ranker.known.arrays()]
    shop.handle(records(*seen("u1", read_page(shop.lists["u1"]), NOON_MS + 1_000)))
    assert shop.feedback
    assert all(map(np.array_equal, before, shop.ranker.known.arrays()))
    assert shop.publish() > 0.0
    assert not all(map(np.array_equal, before, shop.ranker.known.arrays()))
    assert (shop.feedback, shop.publish()) == ([], 0.0)


def test_a_restart_knows_what_was_known_and_loses_no_state() -> None:
    """Contract: everything comes from bytes: states and lists stay, policy rows are read from the topic again."""
    shop = opened("a1", "a2")
    shop.handle(records(view("u1")))
    shop.handle(records(*seen("u1", read_page(shop.lists["u1"]), NOON_MS + 1_000)))
    shop.publish()
    ranker, states, lists = shop.ranker, dict(shop.states), dict(shop.lists)
    assert shop.start_again() >= 0.0
    assert shop.ranker is not ranker
    assert all(map(np.array_equal, ranker.known.arrays(), shop.ranker.known.arrays()))
    assert (shop.states, shop.lists) == (states, lists)


def test_lost_lists_come_back_for_everybody() -> None:
    """Contract: the order to republish makes a list for each user that has a state."""
    shop = opened("a1", "a2")
    shop.handle(records(*(view(f"u{number}") for number in range(3))))
    listed = [user for outcome in shop.lose_lists() for user in outcome.listed]
    assert sorted(listed) == ["u0", "u1", "u2"]
    assert {*listed} <= shop.lists.keys()


def test_an_older_list_never_replaces_a_newer_one() -> None:
    """Contract: Redis keeps the highest version, whatever is written last."""
    shop = opened("a1")
    shop.handle(records(view("u1", NOON_MS + HOUR_MS)))
    newest = shop.lists["u1"]
    shop.states.clear()
    shop.handle(records(view("u1")))
    assert shop.lists["u1"] == newest


def test_lists_after_a_swap_are_of_the_new_encoder() -> None:
    """Contract: it is in use at once, and after a restart too."""
    shop = opened("a1")
    shop.swap_encoder(2)
    shop.handle(records(view("u1")))
    assert read_page(shop.lists["u1"]).encoder == 2
    shop.start_again()
    shop.handle(records(view("u1", NOON_MS + 1_000)))
    assert read_page(shop.lists["u1"]).encoder == 2
