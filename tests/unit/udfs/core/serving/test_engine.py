"""One micro-batch, from records to lists."""

from __future__ import annotations

import json
from random import Random

import numpy as np

from tests.support.core_world import CATEGORIES, DAY_MS, NOON_MS, ArithmeticEncoder, activity, make_world
from tests.support.engine_runs import ranking_world, records_of, run, views
from tideline.schemas.events import Event, EventType
from tideline.udfs.core.pairs.pairs_of import pairs_of, strangers_pairs
from tideline.udfs.core.serving.engine import Outcome, Records, process
from tideline.udfs.core.serving.popular_list import PopularList
from tideline.udfs.core.serving.ranker_state import RankerState
from tideline.udfs.core.users.user_state import decode_states

SHOWN = [
    activity(f"about-{number}", categories=CATEGORIES[number % 4 :][: number // 4], items=(f"i{number}",))
    for number in range(12)
]


def visit(user: str, seed: int, count: int, begin_ms: int) -> list[Event]:
    """A user's events in categories of his own taste."""
    random = Random(seed)
    return [
        Event(
            f"{user}.{begin_ms}.{at}", user, EventType.VIEW, begin_ms + 1_000 * at, category=random.choice(CATEGORIES)
        )
        for at in range(count)
    ]


def answers(user: str, payload: bytes, at_ms: int) -> list[Event]:
    """An impression of each place of a list, and a click on the second."""
    page = json.loads(payload)
    return [
        Event(f"{user}.{kind}.{place}", user, kind, at_ms, activity_id=name, token=page["k"], position=place)
        for place, name in enumerate(page["i"])
        for kind in ((EventType.IMPRESSION, EventType.CLICK) if place == 1 else (EventType.IMPRESSION,))
    ]


def fed(world: RankerState, states: dict[str, bytes], events: list[Event]) -> dict[tuple[str, int], set[int]]:
    """Process events; return the pairs of what is learned by activity and time of the list."""
    outcome = process(records_of(events), lambda users: [states.get(user) for user in users], world)
    assert not outcome.dead
    found: dict[tuple[str, int], set[int]] = {}
    for each in outcome.feedback:
        assert each.impressions or each.clicks
        found.setdefault((each.activity_id, each.ts_ms), set()).add(each.pair)
    return found


def test_nothing_and_nothing_valid_are_batches_too() -> None:
    world = ranking_world(ArithmeticEncoder())
    empty: Outcome = process(Records([], [], []), lambda users: [], world)
    assert (empty.users, empty.lists, empty.dead) == ([], [], [])
    bad: Outcome = process(Records([None, b"u"], [b"x", None], [1, 1]), lambda users: [], world)
    assert [letter.number for letter in bad.dead] == [0, 1]
    assert (bad.users, bad.lists, bad.counts["records"]) == ([], [], 2)


def test_without_activities_there_are_states_and_no_lists() -> None:
    found = run([views("u", 3)], make_world())
    assert found.lists == {}
    assert list(found.states) == ["u"]
    assert found.counts["unlisted"] == 1


def test_what_was_scored_is_what_is_learned_from() -> None:
    """Contract: the pair of every impression and click is that of the state its list was made from, whatever the user
    did since."""
    world = make_world(SHOWN, list_size=7, exploration_permille=200)
    names = [each.activity_id for each in world.catalogue.activities]
    told: set[int] = set()
    for number in range(30):
        user = f"u{number}"
        first = run([visit(user, number, 1 + number * 2, NOON_MS)], world)
        scored = pairs_of(world.offers.content, decode_states([first.states[user]], 8), np.zeros(1, np.int64))[0]
        page = json.loads(first.lists[user])
        expected = {(name, page["v"][1]): {int(scored[names.index(name)])} for name in page["i"]}
        later = visit(user, number + 100, 9, NOON_MS + 600_000)
        found = fed(world, first.states, [*later, *answers(user, first.lists[user], NOON_MS + 700_000)])
        assert found == expected
        assert len(found) == 7
        told |= {pair for pairs in found.values() for pair in pairs}
    assert len(told) > 50


def test_the_popular_list_is_learned_from_as_a_strangers() -> None:
    """Contract: its pairs are those of a user of whom nothing is known, whoever sends it back."""
    world = make_world(SHOWN, list_size=7)
    names = [each.activity_id for each in world.catalogue.activities]
    payload = PopularList(DAY_MS).due(world, NOON_MS)
    scored = strangers_pairs(world.offers.content)
    known = run([visit("u", 1, 20, NOON_MS)], world)
    found = fed(world, known.states, answers("u", payload, NOON_MS + 60_000))
    assert found == {(name, NOON_MS): {int(scored[names.index(name)])} for name in json.loads(payload)["i"]}
