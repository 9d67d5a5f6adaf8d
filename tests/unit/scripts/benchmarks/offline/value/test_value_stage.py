"""What is known of a visitor at his visit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tests.support.core_world import NOON_MS, ArithmeticEncoder, activity, make_ranker
from tests.support.engine_runs import records_of
from tests.support.tiny_world import HOUR_MS, tiny_world
from tideline.schemas.events import Event, EventType
from tideline.scripts.benchmarks.offline.value.value_stage import make_stage
from tideline.udfs.core.serving.engine import process
from tideline.udfs.core.users.interest import stranger_x
from tideline.udfs.core.users.user_state import decode_states


def test_a_visitors_context_is_that_of_the_live_job() -> None:
    """The same events through `process` leave the same x in the user's state."""
    encoder = ArithmeticEncoder()
    stage = make_stage(tiny_world(), encoder)
    for user, category in (("u0", "bread"), ("u1", "milk")):
        events = [
            Event(f"{user}-{hours}", user, EventType.PURCHASE, NOON_MS - hours * HOUR_MS, category=category)
            for hours in range(5, 0, -1)
        ]
        states = process(records_of(events), lambda users: [None] * len(users), make_ranker([activity("a")], encoder))
        visit = int(np.flatnonzero(stage.truth.visitor == int(user[1]))[0])
        assert (stage.x[visit] == decode_states(states.states, encoder.hidden).header["x"][0]).all()


def test_nobody_knows_what_comes_after_the_visit() -> None:
    """Events at the visit's own moment or later do not count; before all events a visitor is a stranger."""
    world = replace(tiny_world(visits=1), visit_ms=np.full(4, NOON_MS - 5 * HOUR_MS))
    assert (make_stage(world, ArithmeticEncoder()).x == stranger_x()).all()
    later = replace(world, visit_ms=np.full(4, NOON_MS - 5 * HOUR_MS + 1))
    stage = make_stage(later, ArithmeticEncoder())
    assert (stage.end - stage.first == 1).all()


def test_so_many_days_of_the_past_are_known() -> None:
    """Of five events, an hour apart, two are in the last two hours and a half."""
    stage = make_stage(tiny_world(), ArithmeticEncoder(), past_days=2.5 / 24)
    assert (stage.end - stage.first == 2).all()


def test_who_never_did_anything_is_a_stranger() -> None:
    world = replace(tiny_world(), users=("u0", "u1", "u2", "x"))
    stage = make_stage(world, ArithmeticEncoder())
    assert (stage.x[stage.truth.visitor == 3] == stranger_x()).all()


def test_visits_of_two_hours_are_served_together() -> None:
    stage = make_stage(tiny_world(), ArithmeticEncoder())
    assert [each.size for each in stage.truth.slices] == [4] * 6
