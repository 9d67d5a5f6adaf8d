"""Contract: messages in the demo's world are drawn by its seed, and what is said of them is true of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.support.push_log import DAY_MS
from tideline.scripts.simulation.push_story import EVERY, PushStory, push_lines, push_story
from tideline.scripts.simulation.visits import Visit
from tideline.scripts.simulation.world import Slice, World

_USERS, _DAYS, _BEGINS_MS = 400, 14, 1_510_012_800_000


@pytest.fixture
def wide(world: World) -> World:
    """Two weeks of households that visit on one day in five, and are easily moved."""
    random = np.random.default_rng(3)
    slices = []
    for day in range(_DAYS):
        begins_ms = _BEGINS_MS + day * DAY_MS
        who = np.flatnonzero(random.random(_USERS) < 0.2).tolist()
        visits = tuple(Visit(at, household, begins_ms + at * 1_000) for at, household in enumerate(who))
        slices.append(Slice(begins_ms, begins_ms + DAY_MS, slice(0, 0), visits))
    offers = [
        replace(each, activity=replace(each.activity, starts_ms=_BEGINS_MS, ends_ms=_BEGINS_MS + 20 * DAY_MS))
        for each in world.offers
    ]
    clicks = world.clicks
    return replace(
        world,
        offers=offers,
        users=[str(1000 + at) for at in range(_USERS)],
        share=random.random((_USERS, len(offers))),
        clicks=replace(clicks, click=np.full((_USERS, len(offers)), 0.5)),
        slices=slices,
    )


def test_the_same_seed_tells_the_same_story(wide: World) -> None:
    assert push_story(wide, 1) == push_story(wide, 1)
    assert push_story(wide, 1) != push_story(wide, 2)


def test_what_is_said_of_messages_is_true_and_no_promise_is_broken(wide: World) -> None:
    """Contract: by the bounds of the log, which knows of visits and not of why they came."""
    story = push_story(wide, 1)
    told = story.figures()
    assert told["broken"] == {}
    assert 0 < told["brought"]["low"] <= story.truly <= told["brought"]["high"]
    assert told["brought"]["users"] <= _USERS // EVERY
    assert 0 < told["unsubscribed"] < _USERS // EVERY
    first, second = push_lines(story)
    assert f"in truth {story.truly:,}" in first
    assert "none told twice, 0 promises broken" in second


def test_who_is_not_moved_is_not_said_to_have_come_back(wide: World) -> None:
    still = replace(wide, clicks=replace(wide.clicks, click=np.zeros_like(wide.clicks.click)))
    story = push_story(still, 1)
    assert story.truly == 0
    assert story.status["brought"]["low"] < 0 < story.status["brought"]["high"]


def test_a_story_of_little_says_so() -> None:
    """Contract: where the log cannot say, no figure is shown; a broken promise is counted."""
    brought = {"points": 1, "sent": 1, "users": 1, "total": 3.0, "low": None, "high": None}
    told = {"sent": 1, "withheld": 0, "unsubscribed": 0, "brought": brought}
    first, second = push_lines(PushStory(told, 0, {"told_twice": 2, "quiet": 1}))
    assert "too little came" in first
    assert "2 told twice, 3 promises broken" in second
