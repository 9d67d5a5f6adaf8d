import json
from collections import Counter

import numpy as np
import pytest

from tests.unit.scripts.simulation.conftest import HOUR_MS, START_MS, MemoryLists
from tideline.schemas.codec import decode_event, encode_event
from tideline.schemas.events import EventType
from tideline.scripts.simulation.frontend import LOOKED_AT, Frontend, Shown
from tideline.scripts.simulation.visits import Visit
from tideline.scripts.simulation.world import World


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
