from itertools import pairwise

import pytest

from tideline.scripts.simulation.demo_rules import APPEAL, BUDGETS, CAPS, FLOORS, LIST_RULES
from tideline.scripts.simulation.world import FROM, PAST, UNTIL, World, in_holdout, make_ruled_world, make_world


def test_the_world_is_the_same_each_time(world: World) -> None:
    again = make_world(seed=1)
    assert again.slices == world.slices
    assert (again.clicks.click == world.clicks.click).all()
    assert make_world(seed=2).slices != world.slices


def test_the_period_has_as_much_as_the_demo_promises(world: World) -> None:
    assert 60 <= len(world.offers) <= 120
    assert 60_000 <= world.organic_events <= 100_000
    assert 8_000 <= sum(len(part.visits) for part in world.slices) <= 16_000
    assert world.slices[0].start_ms == FROM.timestamp() * 1_000
    assert world.slices[-1].end_ms == UNTIL.timestamp() * 1_000
    for before, after in pairwise(world.slices):
        assert (before.end_ms, before.rows.stop) == (after.start_ms, after.rows.start)


def test_the_demo_is_this_world_under_its_rules(world: World) -> None:
    """Contract: every activity that is named is there, and nothing else is another one."""
    ruled = make_ruled_world(seed=1)
    changed = {
        after.activity.activity_id for before, after in zip(world.offers, ruled.offers, strict=True) if before != after
    }
    assert changed == {*BUDGETS, *FLOORS, *CAPS, *APPEAL}
    assert ruled.slices == world.slices
    assert (ruled.list_rules, ruled.appeal) == (LIST_RULES, APPEAL)


def test_a_fifth_of_the_households_is_held_out_for_ever(world: World) -> None:
    assert world.holdout.mean() == pytest.approx(0.2, abs=0.03)
    assert [user for user in map(str, range(1, 20)) if in_holdout(user)] == [
        "4",
        "7",
        "13",
        "15",
        "16",
        "17",
        "18",
        "19",
    ]


def test_the_past_is_the_sixty_days_before_the_period(world: World) -> None:
    """Contract: not one event of it happens again when visitors come."""
    assert world.past.stop == world.slices[0].rows.start
    past_ms = world.columns.ts_ms[world.past]
    assert (FROM - PAST).timestamp() * 1_000 <= past_ms[0] < past_ms[-1] < world.slices[0].start_ms
    assert 300_000 <= past_ms.size <= 400_000
