import json
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from tests.unit.scripts.simulation.conftest import HOUR_MS, START_MS, MemoryLists
from tideline.schemas.codec import decode_event, encode_event
from tideline.schemas.events import EventType
from tideline.scripts.simulation.frontend import LOOKED_AT, Frontend, Shown
from tideline.scripts.simulation.lists import Stops
from tideline.scripts.simulation.visits import Visit
from tideline.scripts.simulation.world import World
from tideline.udfs.core.catalogue.activity import Cap
from tideline.udfs.core.ranking.list_rules import read_list_rules


def payload(names: list[str], as_of_ms: int = START_MS, with_token: bool = True) -> bytes:
    document = {"v": [1, as_of_ms, 5], "m": 1, "i": names, "e": [6_000] * len(names)}
    return json.dumps(document | ({"k": "tok"} if with_token else {}), separators=(",", ":")).encode()


def visits(household: int, count: int = 1) -> list[Visit]:
    return [Visit(number, household, START_MS + number * 60_000) for number in range(count)]


def serve(world: World, lists: MemoryLists, household: int, count: int = 1) -> list[Shown]:
    frontend = Frontend(world, lists, seed=1)
    return [each for visit in visits(household, count) for each in frontend.serve([visit])]


def test_the_top_of_the_list_is_shown_and_echoed_with_its_token(world: World, lists: MemoryLists) -> None:
    lists.by_user["11"] = payload([f"c1-{letter}" for letter in "hgfedc"])
    (shown,) = serve(world, lists, 0)
    impressions = [event for event in shown.events if event.type == EventType.IMPRESSION]
    assert [event.activity_id for event in impressions] == ["c1-h", "c1-g", "c1-f", "c1-e"]
    assert [event.position for event in impressions] == [0, 1, 2, 3]
    assert {(event.user_id, event.token) for event in shown.events} == {("11", "tok")}
    assert shown.personal


def test_every_event_is_valid_and_has_an_id_of_its_own(world: World, lists: MemoryLists) -> None:
    lists.by_user["11"] = payload(["c1-a", "c1-b", "c1-c", "c1-d"])
    events = [event for each in serve(world, lists, 0, 200) for event in each.events]
    assert Counter(event.type for event in events).keys() == {
        EventType.IMPRESSION,
        EventType.CLICK,
        EventType.CONVERSION,
    }
    assert len({event.event_id for event in events}) == len(events)
    for event in events:
        assert decode_event(event.user_id.encode(), encode_event(event), 2**50) == event


def test_the_holdout_gets_running_offers_at_random_and_sends_no_token(world: World, lists: MemoryLists) -> None:
    lists.by_user["14"] = payload(["c1-a", "c1-b"])
    shown = serve(world, lists, 3, 2_000)
    assert all(each.holdout and len(each.entries) == len(LOOKED_AT) for each in shown)
    assert all(event.token is None for each in shown for event in each.events)
    times = Counter(offer for each in shown for _, offer in each.entries)
    assert times.keys() == set(range(8)), "the offer that is over is not shown"
    assert min(times.values()) > 0.85 * 1_000
    assert max(times.values()) < 1.15 * 1_000


def test_what_is_stopped_is_on_no_page(world: World, lists: MemoryLists) -> None:
    """Contract: of a list of his own the other entries keep their positions; random lists pass it over."""
    lists.told = Stops(frozenset({"c1-b"}))
    lists.by_user["11"] = payload(["c1-a", "c1-b", "c1-c"])
    (shown,) = serve(world, lists, 0)
    assert shown.entries == ((0, 0), (2, 2))
    assert 1 not in {offer for each in serve(world, lists, 3, 100) for _, offer in each.entries}


def test_a_list_older_than_a_lease_is_shown_while_the_stop_list_lets_it(world: World, lists: MemoryLists) -> None:
    """Contract: as any page that reads it."""
    document = json.loads(payload(["c1-a", "c1-b"]))
    lists.by_user["11"] = json.dumps(document | {"e": [0, 0]}).encode()
    assert [each.entries for each in serve(world, lists, 0)] == [()]
    lists.told = Stops(until_ms={"c1-b": START_MS + 3_600_000})
    (shown,) = serve(world, lists, 0)
    assert shown.entries == ((1, 1),)


def test_random_lists_keep_caps_and_the_quota(world: World, lists: MemoryLists) -> None:
    """Contract: in every window of time no more than a cap allows, on every list no more of a category than a quota."""
    two_of_a_kind = [replace(each.activity, categories=("tea",) if at < 4 else ("milk",)) for at, each in
                     enumerate(world.offers)]  # fmt: skip
    capped = replace(two_of_a_kind[7], cap=Cap(max_shown=2, window_ms=600_000))
    offers = [replace(each, activity=mine) for each, mine in zip(world.offers, two_of_a_kind, strict=True)]
    offers[7] = replace(offers[7], activity=capped)
    rules = read_list_rules('[{"by": "category", "penalty": [0, 0, "ban"]}]')
    shown = serve(replace(world, offers=offers, list_rules=rules), lists, 3, 400)
    kinds = [[offer < 4 for _, offer in each.entries] for each in shown]
    assert {(sum(each), len(each)) for each in kinds} == {(2, 4)}
    times = [each.at_ms for each in shown if 7 in {offer for _, offer in each.entries}]
    within = [sum(at - 600_000 < other <= at for other in times) for at in times]
    assert max(within) == 2, "it is reached, and never passed"


def test_a_variant_is_clicked_as_often_as_it_appeals(world: World, lists: MemoryLists) -> None:
    """Contract: the one that the list says; an entry without one is clicked as they are on average."""
    appeal = {"c1-a": {"plain": 0.5, "photo": 1.5}}
    document = json.loads(payload(["c1-a", "c1-b"]))
    rates = {}
    for variant in ("plain", "photo"):
        lists.by_user["11"] = json.dumps(document | {"p": [variant, None]}).encode()
        shown = serve(replace(world, appeal=appeal), lists, 0, 4_000)
        assert {each.variants for each in shown} == {(variant, None)}
        rates[variant] = [sum(offer in each.clicked for each in shown) / 4_000 for offer in (0, 1)]
    assert rates["plain"] == pytest.approx([0.25, 0.4], abs=0.03)
    assert rates["photo"] == pytest.approx([0.75, 0.4], abs=0.03)


def test_an_entry_that_has_ended_is_passed_over_and_positions_stay(world: World, lists: MemoryLists) -> None:
    document = json.loads(payload(["c1-a", "c1-b", "c1-c"]))
    document["e"][1] = 0
    lists.by_user["11"] = json.dumps(document).encode()
    (shown,) = serve(world, lists, 0)
    assert shown.entries == ((0, 0), (2, 2))


def test_a_visitor_without_a_list_gets_the_popular_one_and_without_any_is_not_served(
    world: World, lists: MemoryLists
) -> None:
    assert serve(world, lists, 1) == []
    lists.popular_list = payload(["c1-b"], with_token=False)
    (shown,) = serve(world, lists, 1)
    assert shown.entries == ((0, 1),)
    assert not shown.personal
    assert {event.token for event in shown.events} == {None}


def test_a_visitor_whose_list_has_nothing_left_gets_the_popular_one(world: World, lists: MemoryLists) -> None:
    """Contract: an empty list and one whose entries are all over are as good as none."""
    over = json.loads(payload(["c1-a"])) | {"e": [0]}
    lists.popular_list = payload(["c1-b"])
    for own in (payload([]), json.dumps(over).encode()):
        lists.by_user["11"] = own
        (shown,) = serve(world, lists, 0)
        assert (shown.entries, shown.personal) == (((0, 1),), False)


def test_nobody_sees_a_list_before_what_it_knows_has_happened(world: World, lists: MemoryLists) -> None:
    lists.by_user["11"] = payload(["c1-a"], as_of_ms=START_MS + HOUR_MS)
    (shown,) = serve(world, lists, 0)
    assert shown.at_ms == START_MS + HOUR_MS + 1_000
    assert min(event.ts_ms for event in shown.events) == shown.at_ms


def test_clicks_follow_the_hidden_response_and_the_place(world: World, lists: MemoryLists) -> None:
    lists.by_user["11"] = payload(["c1-a", "c1-b", "c1-c", "c1-d"])
    shown = serve(world, lists, 0, 6_000)
    clicks = np.array([sum(offer in each.clicked for each in shown) for offer in range(4)])
    assert clicks / 6_000 == pytest.approx(0.5 * np.array(LOOKED_AT), abs=0.03)
    bought = sum(event.type == EventType.CONVERSION for each in shown for event in each.events)
    assert bought / clicks.sum() == pytest.approx(0.5, abs=0.03)


def test_a_visit_draws_the_same_each_time(world: World, lists: MemoryLists) -> None:
    lists.by_user["11"] = payload(["c1-a", "c1-b", "c1-c", "c1-d"])
    assert serve(world, lists, 0, 20) == serve(world, lists, 0, 20)
