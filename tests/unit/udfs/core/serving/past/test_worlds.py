"""Contract: each record of the past is worked off with the world of its time, however records came together."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from random import Random
from typing import TYPE_CHECKING

import pytest

from tests.support.core_world import KEYS, NOON_MS, ArithmeticEncoder, activity, make_ranker
from tests.support.engine_runs import ranking_world, sums_of
from tests.support.traffic import Scenario, make_activities, make_events
from tideline.schemas.codec import encode_event
from tideline.udfs.core.catalogue.activity import Activity, encode_activity
from tideline.udfs.core.control.control import (
    Control,
    Republish,
    SetExamination,
    SetExperiment,
    SetGeneration,
    SetWeights,
    VariantSpec,
    encode_control,
)
from tideline.udfs.core.policies.policy_start import TopicRecord
from tideline.udfs.core.serving.engine import Records, process
from tideline.udfs.core.serving.past.changes import changes_of
from tideline.udfs.core.serving.past.worlds import Worlds
from tideline.udfs.core.serving.ranker_state import RankerCommand
from tideline.udfs.core.serving.renewal.renew import last_lists, settle

if TYPE_CHECKING:
    from tideline.udfs.core.control.control import Command
    from tideline.udfs.core.rewards.feedback import Feedback
    from tideline.udfs.core.serving.batches.outcome import Outcome
    from tideline.udfs.core.serving.ranker_state import RankerState

_STEP_MS = 100
_EVENTS = 400
_EVERY = make_activities(24, NOON_MS)
_NOW = ranking_world(ArithmeticEncoder())
_START = make_ranker((), ArithmeticEncoder(), list_size=5, exploration_permille=200)
Told = list[tuple[int, str, Activity | None]]
Line = tuple[bytes, bytes, int]


def _told() -> Told:
    """Return what happened to activities, at which step: some there from the first, changed, deleted, back again."""
    draw = Random(5)
    *others, late = _EVERY
    found: Told = [(0, each.activity_id, each) for each in others]
    for _ in range(30):
        each, step = draw.choice(others), draw.randrange(1, _EVENTS)
        new = draw.choice([None, activity(each.activity_id), replace(each, reward_value=draw.random(), items=())])
        found.append((step, each.activity_id, new))
    found.append((_EVENTS // 2, late.activity_id, late))
    return sorted(found, key=lambda each: each[0])


def _records(told: Told) -> list[TopicRecord]:
    return [
        TopicRecord(at, name.encode(), None if its is None else encode_activity(its), NOON_MS + step * _STEP_MS)
        for at, (step, name, its) in enumerate(told)
    ]


_ORDERS: list[tuple[int, Command]] = [
    (40, SetWeights(2.0, 1.0, 0.5)),
    (90, SetExamination((1.0, 0.5))),
    (120, SetExperiment("e", (VariantSpec("t", "ucb1_tuned", 400),), None)),
    (200, SetWeights(1.0, 9.0, 0.0)),
    (201, Republish("r")),
    (260, SetExperiment("e2", (), None)),
]


def _orders(commands: list[tuple[int, Command]]) -> list[TopicRecord]:
    return [
        TopicRecord(at, b"k", encode_control(Control(command, NOON_MS + step)), NOON_MS + step * _STEP_MS)
        for at, (step, command) in enumerate(commands)
    ]


def _world(told: Told, step: int) -> RankerState:
    """Return the world of a step, by plain folding."""
    known = {name: its for at, name, its in told if at <= step}
    there = [each for each in known.values() if each]
    state = make_ranker(there, ArithmeticEncoder(), list_size=5, exploration_permille=200).with_tables(_NOW.tables)
    for at, command in _ORDERS:
        if at <= step and isinstance(command, RankerCommand):
            state = state.after(command, NOON_MS + at)
    return state


class _Shop:
    def __init__(self) -> None:
        self.states: dict[str, bytes] = {}
        self.lists: dict[str, bytes] = {}
        self.feedback: list[Feedback] = []

    def load(self, users: list[str]) -> list[bytes | None]:
        return [self.states.get(user) for user in users]

    def take(self, outcome: Outcome) -> None:
        self.states.update(zip(outcome.users, outcome.states, strict=True))
        self.lists.update(zip(outcome.listed, outcome.lists, strict=True))
        self.feedback += outcome.feedback


def _clickstream() -> list[Line]:
    scenario = Scenario(7, 20, _EVENTS, _EVERY, KEYS, NOON_MS - 3_600_000)
    events = make_events(scenario)[:_EVENTS]
    return [(each.user_id.encode(), encode_event(each), NOON_MS + at * _STEP_MS) for at, each in enumerate(events)]


def _part(some: list[Line]) -> Records:
    return Records([key for key, *_ in some], [value for _, value, _ in some], [at_ms for *_, at_ms in some])


def test_batches_of_any_size_lead_to_what_one_record_at_a_time_does() -> None:
    """Contract: states, lists and feedback, byte for byte, with the activities and orders of each record's time."""
    told, stream, plain = _told(), _clickstream(), _Shop()
    for step, record in enumerate(stream):
        plain.take(process(_part([record]), plain.load, _world(told, step)))
    worlds = Worlds(_START, _NOW, changes_of(_records(told)), changes_of(_orders(_ORDERS)))
    assert len(plain.lists) > 10
    for seed in range(4):
        draw, shop, at = Random(seed), _Shop(), 0
        while at < len(stream):
            some = stream[at : at + (draw.choice((1, 3, 50, len(stream))) if seed else len(stream))]
            at += len(some)
            if seed % 2:  # partitions are read side by side: only a user's own records are in order
                some.sort(key=lambda each: (each[0], each[2]))
            shop.take(worlds.through(_part(some), shop.load, process))
        assert shop.states == plain.states
        assert shop.lists == plain.lists
        assert sums_of(shop.feedback) == sums_of(plain.feedback)
    now = _Shop()
    now.take(process(_part(stream), now.load, _world(told, _EVENTS)))
    assert now.lists != plain.lists, "nothing that matters has changed"


@pytest.mark.parametrize("until", [0, 60, 200, _EVENTS])
def test_lists_that_are_left_for_later_are_those_of_each_record_at_its_time(until: int) -> None:
    """Contract: states and lists, byte for byte, whenever the last change was, and behind restarts, which may repeat
    the making of lists; only those of the last world wait."""
    told, stream, plain = [each for each in _told() if each[0] <= until], _clickstream(), _Shop()
    orders = [each for each in _ORDERS if each[0] <= until]
    worlds = Worlds(_START, _NOW, changes_of(_records(told)), changes_of(_orders(orders)))
    for record in stream:
        plain.take(process(_part([record]), plain.load, worlds.at(record[2])))
    for size in (1, 7, 90, len(stream)):
        shop = _Shop()
        for at in range(0, len(stream), size):
            shop.take(worlds.through(_part(stream[at : at + size]), shop.load, process, partial(process, later=True)))
        waiting = [user for user in plain.lists if shop.lists.get(user) != plain.lists[user]]
        assert waiting or until == _EVENTS
        for _ in range(2):
            users = sorted(shop.states)
            for first in range(0, len(users), 6):
                some = users[first : first + 6]
                shop.take(last_lists(some, shop.load(some), worlds.last()))
        assert shop.lists == plain.lists
        assert settle(shop.load(users), worlds.last()) == plain.load(users)
        assert sums_of(shop.feedback) == sums_of(plain.feedback)


def test_what_may_have_been_there_before_is_as_it_was_first_known() -> None:
    """Contract: an activity whose former record may be gone is there; one that surely was not, is not."""
    edited = [each._replace(offset=1) for each in _records([(5, "edited", activity("edited"))])]
    new = _records([(0, "old", activity("old")), (5, "new", activity("new"))])
    for topic, names in ((edited, ["edited"]), (new, ["old"])):
        worlds = Worlds(_START, _NOW, changes_of(topic), changes_of(()))
        assert list(worlds.at(NOON_MS).offers.activities) == names
    assert list(worlds.at(NOON_MS - 1).offers.activities) == []
    assert sorted(worlds.at(NOON_MS + 5 * _STEP_MS).offers.activities) == ["new", "old"]


@pytest.mark.parametrize("odd", [b"no activity", b"", b"\x00"])
def test_what_cannot_be_read_changes_nothing(odd: bytes) -> None:
    """Contract: as in the live job, the former one stays."""
    topic = [*_records([(0, "a", activity("a"))]), TopicRecord(1, b"a", odd, NOON_MS + 7)]
    orders = [TopicRecord(0, b"k", odd, NOON_MS), TopicRecord(1, b"k", None, NOON_MS)]
    worlds = Worlds(_START, _NOW, changes_of(topic), changes_of(orders))
    assert list(worlds.at(NOON_MS + 50).offers.activities) == ["a"]
    assert worlds.at(NOON_MS + 50).weights == _START.weights


def test_encoder_policy_and_generation_are_those_of_the_job_over_the_past() -> None:
    """Contract: one version of the policy, and the encoder that has its rows, whatever was in use then."""
    orders = _orders([(1, SetGeneration(9)), (2, SetWeights(3.0, 0.0, 0.0))])
    worlds = Worlds(_START, _NOW, changes_of(()), changes_of(orders))
    later = worlds.at(NOON_MS + 2 * _STEP_MS)
    assert (later.generation, later.weights[0]) == (_NOW.generation, 3.0)
    assert (worlds.at(NOON_MS).weights, later.encoder) == (_START.weights, _NOW.encoder)
    assert later.tables is _NOW.tables
    assert worlds.at(NOON_MS + 2 * _STEP_MS + 9) is later


def _ordered(state: RankerState) -> tuple[object, ...]:
    return state.weights, state.experiment and state.experiment.mark, [each.mark for each in state.experiments]


def test_a_world_is_the_same_whichever_were_asked_for_before() -> None:
    """Contract: forward, back and again, over more of them than are held: that of one who is asked nothing else."""
    told, orders = changes_of(_records(_told())), changes_of(_orders(_ORDERS))
    worlds, draw = Worlds(_START, _NOW, told, orders), Random(9)
    for step in (*range(0, _EVENTS, 7), *(draw.randrange(_EVENTS) for _ in range(60))):
        at_ms = NOON_MS + step * _STEP_MS
        found, alone = worlds.at(at_ms), Worlds(_START, _NOW, told, orders).at(at_ms)
        assert list(found.offers.activities.items()) == list(alone.offers.activities.items())
        assert _ordered(found) == _ordered(alone)
        assert found.attributing == alone.attributing
        assert found.offers.activities == _world(_told(), step).offers.activities
