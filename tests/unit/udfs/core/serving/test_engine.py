"""One micro-batch, from records to lists."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

import numpy as np
import pytest

from tests.support.core_world import CATEGORIES, DAY_MS, NOON_MS, ArithmeticEncoder, activity, make_ranker
from tests.support.engine_runs import batches_of, ranking_world, records_of, run, story_of, views
from tideline.models.encoder import Encoder
from tideline.schemas.events import Event, EventType
from tideline.udfs.core.pairs.pairs_of import pairs_of, strangers_pairs
from tideline.udfs.core.serving.engine import Outcome, Records, process
from tideline.udfs.core.serving.popular_list import PopularList
from tideline.udfs.core.serving.ranker_state import RankerState
from tideline.udfs.core.serving.renewal.renew import settle
from tideline.udfs.core.users.user_state import decode_states

DEMO = Encoder.load(Path(__file__).parents[5] / "models" / "artefacts" / "demo-1", "cpu")
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


def fed(ranker: RankerState, states: dict[str, bytes], events: list[Event]) -> dict[tuple[str, int], set[int]]:
    """Process events; return the pairs of what is learned by activity and time of the list."""
    outcome = process(records_of(events), lambda users: [states.get(user) for user in users], ranker)
    assert not outcome.dead
    found: dict[tuple[str, int], set[int]] = {}
    for each in outcome.feedback:
        assert each.impressions or each.clicks
        found.setdefault((each.activity_id, each.ts_ms), set()).add(each.pair)
    return found


def test_nothing_and_nothing_valid_are_batches_too() -> None:
    ranker = ranking_world(ArithmeticEncoder())
    empty: Outcome = process(Records([], [], []), lambda users: [], ranker)
    assert (empty.users, empty.lists, empty.dead) == ([], [], [])
    bad: Outcome = process(Records([None, b"u"], [b"x", None], [1, 1]), lambda users: [], ranker)
    assert [letter.number for letter in bad.dead] == [0, 1]
    assert (bad.users, bad.lists, bad.counts["records"]) == ([], [], 2)


def test_without_activities_there_are_states_and_no_lists() -> None:
    found = run([views("u", 3)], make_ranker())
    assert found.lists == {}
    assert list(found.states) == ["u"]
    assert found.counts["unlisted"] == 1


def test_what_was_scored_is_what_is_learned_from() -> None:
    """Contract: the pair of every impression and click is that of the state its list was made from, whatever the user
    did since."""
    ranker = make_ranker(SHOWN, list_size=7, exploration_permille=200)
    names = [each.activity_id for each in ranker.catalogue.activities]
    told: set[int] = set()
    for number in range(30):
        user = f"u{number}"
        first = run([visit(user, number, 1 + number * 2, NOON_MS)], ranker)
        scored = pairs_of(ranker.offers.content, decode_states([first.states[user]], 8), np.zeros(1, np.int64))[0]
        page = json.loads(first.lists[user])
        expected = {(name, page["v"][1]): {int(scored[names.index(name)])} for name in page["i"]}
        later = visit(user, number + 100, 9, NOON_MS + 600_000)
        found = fed(ranker, first.states, [*later, *answers(user, first.lists[user], NOON_MS + 700_000)])
        assert found == expected
        assert len(found) == 7
        told |= {pair for pairs in found.values() for pair in pairs}
    assert len(told) > 50


def test_the_popular_list_is_learned_from_as_a_strangers() -> None:
    """Contract: its pairs are those of a user of whom nothing is known, whoever sends it back."""
    ranker = make_ranker(SHOWN, list_size=7)
    names = [each.activity_id for each in ranker.catalogue.activities]
    payload = PopularList(DAY_MS).due(ranker, NOON_MS)[""]
    scored = strangers_pairs(ranker.offers.content)
    known = run([visit("u", 1, 20, NOON_MS)], ranker)
    found = fed(ranker, known.states, answers("u", payload, NOON_MS + 60_000))
    assert found == {(name, NOON_MS): {int(scored[names.index(name)])} for name in json.loads(payload)["i"]}


def muted_states(batches: list[list[Event]], ranker: RankerState, states: dict[str, bytes]) -> dict[str, bytes]:
    """States after muted batches, from those that there were."""
    states = dict(states)
    for batch in batches:
        outcome = process(records_of(batch), lambda users: [states.get(user) for user in users], ranker, muted=True)
        assert (outcome.listed, outcome.lists, outcome.appended_ms) == ([], [], [])
        states.update(zip(outcome.users, outcome.states, strict=True))
    return states


def settled(states: dict[str, bytes], ranker: RankerState) -> dict[str, bytes]:
    return dict(zip(states, settle(list(states.values()), ranker), strict=True))


@pytest.mark.parametrize("encoder", [ArithmeticEncoder(), DEMO], ids=["arithmetic", "demo"])
@pytest.mark.parametrize("size", [1, 7, 400])
def test_what_was_processed_muted_is_byte_for_byte_that_of_a_live_run_once_settled(
    encoder: ArithmeticEncoder | Encoder, size: int
) -> None:
    """Contract: of every user, also one who only saw lists, in batches of another size; settling twice changes nothing.

    Feedback and decision records are those of the live run too: muted are the lists alone.
    """
    ranker, rng = ranking_world(encoder), np.random.default_rng(size)
    stories = [story_of(f"u{number}", 60, rng) for number in range(5)]
    events = sorted((event for story in stories for event in story), key=lambda event: (event.ts_ms, event.event_id))
    events += [event for event in story_of("only-sees", 40, rng) if event.token]
    live = run(batches_of(events, [3]), ranker)

    muted = muted_states(batches_of(events, [size]), ranker, {})

    assert muted != live.states
    assert settled(muted, ranker) == live.states
    assert settled(live.states, ranker) == live.states


def test_a_user_of_whom_nothing_counted_is_settled_as_he_is() -> None:
    """Contract: a live run encodes nobody whose state nothing has changed, and neither does settling."""
    ranker = ranking_world(ArithmeticEncoder())
    late = views("u", 1)[0]
    first = run([[late]], ranker)
    again = run([[late], [late]], ranker)
    assert settled(muted_states([[late]], ranker, {}), ranker) == first.states
    assert settled(muted_states([[late]], ranker, first.states), ranker) == again.states


def test_live_processing_goes_on_from_muted_states_as_from_its_own() -> None:
    """Contract: whoever was not settled is encoded before his next list; the lists are those of a run that was live."""
    ranker = ranking_world(DEMO)
    events = story_of("u", 80, np.random.default_rng(5))
    live = run(batches_of(events, [4]), ranker)
    states = muted_states(batches_of(events[:40], [10]), ranker, {})

    outcome = process(records_of(events[40:]), lambda users: [states.get(user) for user in users], ranker)

    assert dict(zip(outcome.users, outcome.states, strict=True)) == live.states
    assert dict(zip(outcome.listed, outcome.lists, strict=True)) == live.lists
