"""Decisions, what came of them, the learner, its record, and decisions by that: all in one process."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from tests.support.flink_states import MemoryContext
from tests.support.push_world import DAY_MS, FIRST_DAY, SETTINGS, WEIGHTS, Course, PushWorld, learner
from tideline.udfs.core.learning.learning import Decay
from tideline.udfs.core.push.effect_sums import effect_entries
from tideline.udfs.core.push.effects import effects_of, push_values
from tideline.udfs.core.push.learned.push_known import encode_known
from tideline.udfs.core.push.push_prices import SEND
from tideline.udfs.core.push.sending import EXPLORE, LEARN

if TYPE_CHECKING:
    from numpy.typing import NDArray

_USERS, _DAYS, _POINTS = 3_000, 12, 1_000


@cache
def _played(seed: int = 1_000, days: int = _DAYS, *, restored: bool = False, backwards: bool = False) -> Course:
    return PushWorld(seed, _USERS).play(learner(MemoryContext(), restored=restored), days, _POINTS, backwards=backwards)


def test_messages_go_to_whom_they_move() -> None:
    """Contract: what is published makes the choice of a fifth earn twice what one at random does; by the chance to
    buy it earns next to nothing. Each is sent as often as is told: a half while nothing is known."""
    course, world = _played(), PushWorld(1_000, _USERS)
    values = push_values(course.known.effects, SETTINGS.costs(WEIGHTS), world.shop.x, np.zeros(_USERS, np.int64))
    at_random = world.share_of_best(np.random.default_rng(1).random(_USERS), SETTINGS.cost)
    assert world.share_of_best(values, SETTINGS.cost) > 2 * at_random > 0.5
    assert world.share_of_best(world.shop.anyway, SETTINGS.cost) < 0.1
    points = course.rows[course.rows["decisions"] == 1]
    first, last = (points[points["ts_ms"] // DAY_MS == day] for day in (FIRST_DAY, FIRST_DAY + _DAYS - 1))
    assert set(first["chance"].tolist()) == {LEARN}
    assert EXPLORE <= last["chance"].min() < LEARN // 2
    assert last["chance"].max() == SEND
    for low, high in ((EXPLORE, 90), (160, SEND)):
        some = last[(last["chance"] >= low) & (last["chance"] <= high)]
        assert abs(some["sent"].mean() - some["chance"].mean() / 256) < 0.1


def test_what_is_published_is_the_effect_of_all_that_was_told() -> None:
    """Contract: bit for bit what the formula says of the rows together, wherever they were told and added up."""
    course = _played()
    expected = effects_of(effect_entries(course.rows, Decay(0)), Decay(0))
    for mine, other in zip(course.known.effects, expected, strict=True):
        assert np.array_equal(np.asarray(mine), np.asarray(other))
    assert int(course.known.ledger["impressions"].sum()) == int(_of_last_days(course)["sent"].sum())


def _of_last_days(course: Course) -> NDArray[Any]:
    points = course.rows[course.rows["decisions"] == 1]
    found: NDArray[Any] = points[points["ts_ms"] // 3_600_000 > points["ts_ms"].max() // 3_600_000 - 192]
    return found


def test_neither_restores_nor_the_order_of_what_is_told_change_a_decision() -> None:
    """Contract: the same users are sent the same for days, and the record is the same bytes."""
    plain = _played(days=4)
    for other in (_played(days=4, restored=True), _played(days=4, backwards=True)):
        assert np.array_equal(plain.rows, other.rows)
        assert encode_known(plain.known) == encode_known(other.known)
    assert plain.known.effects.known
