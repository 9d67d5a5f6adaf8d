"""The worlds that come with the benchmark: each is what its name says, and all are worlds."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tideline.scripts.benchmarks.worlds.built_in_worlds import FATIGUE, FEW, SHORT_LIFE_MS, WORLDS
from tideline.scripts.benchmarks.worlds.built_in_worlds import make as make_anew
from tideline.scripts.simulation.response import MEAN_CLICK_RATE

if TYPE_CHECKING:
    from tideline.scripts.benchmarks.worlds.value_world import World

SEED = 1


@cache
def make(name: str, seed: int) -> World:
    """Return a world, each made once: it takes seconds."""
    return make_anew(name, seed)


@pytest.mark.parametrize("name", WORLDS)
def test_a_world_holds_together(name: str) -> None:
    """Contract: chances are chances, a conversion needs a click, visits are in order and of users that are there."""
    world = make(name, SEED)
    ids = [each.activity_id for each in world.activities]
    assert ids == sorted(set(ids))
    assert (np.diff(world.visit_ms) >= 0).all()
    assert world.visitor.min() >= 0
    assert world.visitor.max() < len(world.users)
    for each in world.responses:
        assert each.click.shape == each.conversion.shape == each.revenue.shape == (len(world.users), len(ids))
        assert ((each.conversion >= 0) & (each.conversion <= each.click) & (each.click <= 1)).all()
        assert (each.revenue >= 0).all()


def test_the_same_seed_makes_the_same_world_and_another_one_another() -> None:
    one, again, other = make("latent", SEED), make_anew("latent", SEED), make("latent", SEED + 1)
    assert (one.responses[0].click == again.responses[0].click).all()
    assert (one.responses[0].click != other.responses[0].click).any()


@pytest.mark.parametrize("name", WORLDS)
def test_lists_in_random_order_are_clicked_as_often_as_in_the_demo(name: str) -> None:
    """Contract: so that what rankers get can be compared between worlds; a dozen activities may differ by chance."""
    click = make(name, SEED).responses[0].click
    assert click.mean() == pytest.approx(MEAN_CLICK_RATE, rel=0.5 if name == "few" else 0.05)


def test_few_are_some_of_the_demos_with_what_is_true_of_them() -> None:
    demo, few = make("demo", SEED), make("few", SEED)
    assert len(few.activities) == FEW
    column = [demo.activities.index(each) for each in few.activities]
    assert (few.responses[0].click == demo.responses[0].click[:, column]).all()
    assert few.users == demo.users


def test_activities_exchange_their_clicks_at_the_middle_visit() -> None:
    first, later = make("shift", SEED).responses
    world = make("demo", SEED)
    assert (first.from_ms, later.from_ms) == (0, int(world.visit_ms[world.visit_ms.size // 2]))
    assert (np.sort(first.click, axis=1) == np.sort(later.click, axis=1)).all()
    assert (first.click != later.click).any()


def test_who_buys_it_already_clicks_it_less_where_users_buy_what_they_do_not_buy_yet() -> None:
    bought, new = (make(name, SEED).responses[0].click for name in ("demo", "not_yet"))
    alike = [np.corrcoef(one, other)[0, 1] for one, other in zip(bought.T, new.T, strict=True) if one.std() > 0]
    assert np.mean(alike) < -0.3


def test_many_run_all_the_time_and_the_short_lived_a_day_each() -> None:
    """Contract: the same coupons, those of the whole year."""
    many, short = make("many", SEED), make("short_lived", SEED)
    assert len(many.activities) == len(short.activities) > len(make("demo", SEED).activities)
    first, last = int(many.visit_ms[0]), int(many.visit_ms[-1])
    assert all(each.starts_ms <= first and last < each.ends_ms for each in many.activities)
    assert {each.ends_ms - each.starts_ms for each in short.activities} == {SHORT_LIFE_MS}
    open_ = [sum(each.starts_ms <= at < each.ends_ms for each in short.activities) for at in (first, last)]
    assert all(1 <= count < len(short.activities) / 10 for count in open_)


def test_only_where_prices_matter_activities_say_what_they_cost() -> None:
    price, demo = make("price", SEED), make("demo", SEED)
    assert all(each.parameters["price"] > 0 for each in price.activities)
    assert not any(each.parameters for each in demo.activities)


def test_what_was_seen_before_is_clicked_less_only_where_users_tire() -> None:
    assert {name: make(name, SEED).fatigue for name in ("demo", "fatigue")} == {"demo": 1.0, "fatigue": FATIGUE}


def test_other_dates_are_another_season() -> None:
    demo, other = make("demo", SEED), make("other_dates", SEED)
    assert other.visit_ms[-1] < demo.visit_ms[0] or demo.visit_ms[-1] < other.visit_ms[0]
    assert {each.activity_id for each in other.activities} != {each.activity_id for each in demo.activities}
