"""One list as rules are added to it: what each class takes from what is expected of it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.core_world import activity
from tests.support.policy_rows import seeds_of
from tideline.udfs.core.ranking.list_form import ListForm
from tideline.udfs.core.ranking.list_rules import BAN, ListRule, ListRules
from tideline.udfs.core.ranking.ranking import rank_scores
from tideline.udfs.core.ranking.rule_tables import NO_RULES, compiled
from tideline.udfs.core.rule_costs import steps as steps_module
from tideline.udfs.core.rule_costs.steps import MICRO, Masks, RuleClass, Sample, alone, steps_of

PLACES = 4
EVERY_PLACE = np.ones(PLACES)
QUOTA = compiled(
    ListRules([ListRule("category", (0, BAN))]), [activity(f"a{at:02}", categories=(f"c{at % 6}",)) for at in range(12)]
)


def sample_of(seed: int, users: int = 40, classes: frozenset[RuleClass] = frozenset(RuleClass)) -> Sample:
    """Lists of four of twelve activities, made as the job makes them under some classes of rules."""
    rng = np.random.default_rng(seed)
    mean = rng.random((users, 12)) / 10
    taken = rng.random((users, 12))
    ruled = taken > 0.1
    capped = taken > 0.25 if RuleClass.CAPS in classes else ruled
    stopped = np.flatnonzero(rng.random(12) < 0.2) if RuleClass.STOPS in classes else np.zeros(0, np.int64)
    masks = Masks.of(ruled, capped, stopped)
    priced = mean - rng.random(12) / 20 * (rng.random(12) < 0.5) if RuleClass.PRICES in classes else mean
    offset = rng.random(12) / 20 * (rng.random(12) < 0.3) if RuleClass.OFFSETS in classes else np.zeros(12)
    form = ListForm(PLACES, 0.0, QUOTA if RuleClass.LIST_RULES in classes else NO_RULES)
    exploration = 0.3 if RuleClass.EXPLORATION in classes else 0.0
    made = rank_scores(priced + offset, masks.final(), seeds_of(users), form._replace(exploration=exploration))
    return Sample(mean, priced, mean / 2, offset, masks, seeds_of(users), form, made.order)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.sets(st.sampled_from(list(RuleClass))))
def test_steps_add_up_and_what_only_takes_away_costs(seed: int, classes: set[RuleClass]) -> None:
    """Contract: costs telescope to what the free list is worth more than the one made; a class that is not there costs
    nothing and changes no list; nothing that takes away from the free list earns."""
    sample = sample_of(seed, classes=frozenset(classes))
    steps = steps_of(sample, EVERY_PLACE)
    assert (steps.costs.sum(axis=0) == steps.values[0] - steps.values[-1]).all()
    assert (steps.values[0] >= steps.values).all()
    costs = dict(zip(RuleClass, steps.costs, strict=True))
    assert (costs[RuleClass.CAPS] >= 0).all()
    assert (costs[RuleClass.STOPS] >= 0).all()
    assert (costs[RuleClass.PRICES] >= 0).all()
    for each, cost, changed in zip(RuleClass, steps.costs, steps.changed, strict=True):
        if each not in classes:
            assert not cost.any()
            assert not changed.any()
            if each is not RuleClass.EXPLORATION:
                assert not alone(sample, steps, each, EVERY_PLACE).any()


def test_the_first_list_is_the_best_of_what_rules_of_eligibility_leave_and_the_last_the_one_made() -> None:
    sample = sample_of(3)
    steps = steps_of(sample, EVERY_PLACE)
    wanted = np.sort(np.where(sample.masks.ruled, sample.mean, 0.0), axis=1)[:, -PLACES:].sum(axis=1)
    assert np.abs(steps.values[0] / MICRO - wanted).max() < 1e-5
    made = np.where(sample.order >= 0, np.take_along_axis(sample.mean, np.maximum(sample.order, 0), axis=1), 0.0)
    assert np.abs(steps.values[-1] / MICRO - made.sum(axis=1)).max() < 1e-5
    assert (steps.lists[-1] == sample.order).all()
    assert np.abs(steps.values - 2 * steps.clicks).max() <= 2 * PLACES


@pytest.mark.parametrize("seed", range(6))
def test_a_class_that_is_not_there_costs_what_lists_made_without_it_say(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Contract: the lists that are not made again are those that were made; also of some decisions of a sample."""
    classes = [each for at, each in enumerate(RuleClass) if (seed * 11 + 5) >> at & 1]
    sample = sample_of(seed, classes=frozenset(classes))
    steps, some = steps_of(sample, EVERY_PLACE), np.arange(0, 40, 3)
    part, of_part = sample.part(some), steps.part(some)
    found = [alone(part, of_part, each, EVERY_PLACE) for each in RuleClass]
    monkeypatch.setattr(steps_module, "_may_matter", lambda *_: True)
    assert np.array_equal(found, [alone(part, of_part, each, EVERY_PLACE) for each in RuleClass])


@pytest.mark.parametrize("only", [each for each in RuleClass if each is not RuleClass.EXPLORATION])
def test_where_a_class_is_the_only_one_its_place_does_not_matter(only: RuleClass) -> None:
    """Contract: what it costs alone is then what it costs in its turn."""
    sample = sample_of(5, classes=frozenset([only]))
    steps = steps_of(sample, EVERY_PLACE)
    cost = steps.costs[list(RuleClass).index(only)]
    assert cost.any()
    assert (alone(sample, steps, only, EVERY_PLACE) == cost).all()


def test_taking_caps_away_opens_nothing_that_is_stopped() -> None:
    """Contract: also where nobody of the sample might have been shown it because of a cap."""
    mean = np.array([[0.5, 0.3, 0.1]])
    masks = Masks.of(np.ones((1, 3), np.bool_), np.array([[False, True, True]]), np.array([0]))
    made = np.array([[1, 2]])
    sample = Sample(mean, mean, mean, np.zeros(3), masks, seeds_of(1), ListForm(2), made)
    steps = steps_of(sample, np.ones(2))
    assert alone(sample, steps, RuleClass.CAPS, np.ones(2)).tolist() == [0]
    assert alone(sample, steps, RuleClass.STOPS, np.ones(2)).tolist() == [0]
    assert steps.costs[:, 0].tolist() == [400_000, 0, 0, 0, 0, 0]


def test_a_place_counts_as_often_as_it_is_looked_at() -> None:
    sample = sample_of(7, users=3)
    plain, halved = steps_of(sample, EVERY_PLACE), steps_of(sample, np.array([1.0, 0.5, 0.0, 0.0]))
    of_places = np.where(
        plain.lists[0] >= 0, np.take_along_axis(sample.mean, np.maximum(plain.lists[0], 0), axis=1), 0.0
    )
    assert halved.values[0] / MICRO == pytest.approx(of_places @ [1.0, 0.5, 0.0, 0.0], abs=3e-6)


def test_some_of_a_sample_are_as_they_were_among_all() -> None:
    sample = sample_of(11)
    whole, some = steps_of(sample, EVERY_PLACE), np.array([3, 17, 30])
    part = steps_of(sample.part(some), EVERY_PLACE)
    assert (part.values == whole.part(some).values).all()
    assert (part.lists == whole.part(some).lists).all()
