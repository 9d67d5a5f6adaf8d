"""Lists that keep a share of the clicks they could have, from what rankers sample to what they rank by."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from tests.support.core_world import DAY_MS, NOON_MS, ArithmeticEncoder, activity, make_ranker
from tests.support.policy_rows import learned
from tideline.schemas.codec import encode_event
from tideline.schemas.events import Event, EventType
from tideline.udfs.core.budgets.standing import EVERY_ID, Standing
from tideline.udfs.core.learning.learner import Learner, LearnerSettings
from tideline.udfs.core.learning.learning import Decay
from tideline.udfs.core.policies.cold_start import CLICKS_ALONE
from tideline.udfs.core.rule_costs.days import encode_costs, with_more
from tideline.udfs.core.rule_costs.front import MORE, weights_mark
from tideline.udfs.core.rule_costs.steps import RuleClass
from tideline.udfs.core.rule_costs.sums import DayCosts
from tideline.udfs.core.serving.costs.sampled_decisions import WaitingDecisions
from tideline.udfs.core.serving.engine import Records, process
from tideline.udfs.core.serving.ranker_state import RankerState

REVENUE = (0.0, 0.0, 1.0, 0.0)
NAMES = [f"a{at}" for at in range(10)]
USERS = [f"u{at}" for at in range(8000)]


def ranker_of(least_clicks: float, policy: str = "linucb", alpha: float = 0.0, unit: int = 1) -> RankerState:
    """Ten activities: the later, the less it is clicked, and the more it earns, in so small a unit of money."""
    ranker = make_ranker(
        [activity(name) for name in NAMES], policy=policy, alpha=alpha, list_size=3, least_clicks=least_clicks
    )
    ranker = replace(ranker, settings=replace(ranker.settings, weights=REVENUE), weights=REVENUE)
    for at, row in enumerate(learned(len(NAMES), 1)[0]):
        theta = np.zeros_like(row.theta)
        theta[0, 0], theta[2, 0] = (20 - at) * 2**18, (at + 1) * 2**18
        theta[0, 1 + at % 5], theta[2, 6 + at % 4] = 2**23, 2**23
        theta[2] *= unit
        row = row._replace(theta=theta, version=at, encoder=ArithmeticEncoder().version)
        ranker = ranker.with_row(NAMES[at], row._replace(by_click=(1.0, 0.2, unit * (at + 1) / (20 - at))))
    return ranker


@cache
def views() -> Records:
    """Each looks at something now."""
    kinds = ("tea", "milk", "rice", "beer", "soap")
    told = [
        encode_event(Event(f"v{user}", user, EventType.VIEW, NOON_MS + at, item_id="i", category=kinds[at % 5]))
        for at, user in enumerate(USERS)
    ]
    return Records([user.encode() for user in USERS], told, [NOON_MS] * len(USERS))


def told_by(ranker: RankerState) -> list[DayCosts]:
    """What its lists for everybody say."""
    outcome = process(views(), lambda ids: [None] * len(ids), ranker)
    waiting = WaitingDecisions()
    return [*waiting.add(outcome.sampled, NOON_MS), *waiting.costs()]


def kept_share(days: list[DayCosts]) -> float:
    """Clicks expected of the lists that were made, of the most there could be."""
    made = sum(each.expected_clicks - int(each.classes[:, 4].sum()) for each in days)
    return made / sum(int(each.fronts[weights_mark(REVENUE)].clicks[-1]) for each in days)


def learner_of(least: float) -> Learner:
    return Learner(LearnerSettings(decay=Decay(28 * DAY_MS), least_clicks=least, weights_mark=weights_mark(REVENUE)))


@pytest.mark.parametrize("least", [0.85, 0.95])
def test_lists_keep_their_clicks_once_the_learner_has_heard_of_them(least: float) -> None:
    """Contract: what is sampled is told, a click gets its worth, and lists made by it keep the share."""
    ranker = ranker_of(least)
    before = told_by(ranker)
    assert kept_share(before) < 0.8
    learner = learner_of(least)
    learner.value_clicks(with_more(None, [encode_costs([each]) for each in before], mark=weights_mark(REVENUE)))
    ((name, standing),) = learner.ledgers.due().standings
    assert name == EVERY_ID
    after = told_by(ranker.with_standing(EVERY_ID, standing._replace(version=50)))
    assert least <= kept_share(after) < least + 0.06
    # What could be had is counted free of what is added, so it does not feed upon itself.
    assert encode_costs([replace_made(each) for each in after]) == encode_costs([replace_made(each) for each in before])


def replace_made(day: DayCosts) -> DayCosts:
    """What could be had, without what was."""
    return day._replace(classes=np.zeros_like(day.classes), prices={})


def test_nothing_is_sampled_where_no_share_is_to_be_kept() -> None:
    """Contract: without the option no byte is other than before; with other weights commanded it is set aside."""
    assert process(views(), lambda ids: [None] * len(ids), ranker_of(0.0)).sampled is None
    commanded = replace(ranker_of(0.9), weights=(1.0, 5.0, 0.0, 0.0))
    assert process(views(), lambda ids: [None] * len(ids), commanded).sampled is None


def test_other_weights_than_the_deployment_s_are_left_as_they_are() -> None:
    """Contract: a command's, and those of a placement that has its own."""
    standing = learner_of(0.9).ledgers.standings()[0][1]._replace(price=2**26, version=50)
    ranker = ranker_of(0.9).with_standing(EVERY_ID, standing)
    policy = ranker.settings.policy
    own = ranker.known_by(policy, weights=(0.0, 0.0, 2.0, 0.0))
    assert (own.theta == ranker_of(0.9).known_by(policy, weights=(0.0, 0.0, 2.0, 0.0)).theta).all()
    assert (ranker.known.theta != ranker_of(0.9).known.theta).any()


def test_what_a_job_before_has_published_counts_for_nothing_without_the_option() -> None:
    """Contract: one that is begun anew tells nothing of clicks, so rankers must not go by the last that was told."""
    stale = ranker_of(0.0).with_standing(EVERY_ID, Standing(price=2**26, version=50))
    assert (stale.known.theta == ranker_of(0.0).known.theta).all()


@pytest.mark.parametrize("unit", [1, 300])
@pytest.mark.parametrize(("policy", "alpha"), [("linucb", 0.3), ("pairs", 0.5), ("thompson", 0.3), ("kl_ucb", 0.0)])
def test_lists_have_the_clicks_that_their_front_says(policy: str, alpha: float, unit: int) -> None:
    """Contract: whatever a policy explores by, and in whatever unit money is: a front is of lists as they are made."""
    ranker = ranker_of(0.9, policy, alpha, unit)
    fronts = [each.fronts[weights_mark(REVENUE)] for each in told_by(ranker)]
    for place in (0, 8, 18, 34):
        standing = Standing(price=round(MORE[place] * 2**24), version=50)
        made = sum(
            each.expected_clicks - int(each.classes[:, 4].sum())
            for each in told_by(ranker.with_standing(EVERY_ID, standing))
        )
        assert made == pytest.approx(sum(int(front.clicks[place]) for front in fronts), rel=2e-3)
    alone = replace(ranker, settings=replace(ranker.settings, weights=CLICKS_ALONE), weights=CLICKS_ALONE)
    most = sum(int(each.fronts[weights_mark(CLICKS_ALONE)].clicks[0]) for each in told_by(alone))
    assert sum(int(front.clicks[-1]) for front in fronts) == most


def test_budgets_floors_and_kept_clicks_are_priced_as_lists_are_made_by_them() -> None:
    """Contract: together, the lists that the classes lead to are those that were made; `*` is no activity's price."""
    ranker = ranker_of(0.9, unit=30).with_standing(EVERY_ID, Standing(price=2**30, version=50))
    ranker = ranker.with_standing("a4", Standing(offset=round(0.08 * 2**24), version=51))
    ranker = ranker.with_standing("a9", Standing(price=2**22, version=52))
    days = told_by(ranker)
    changed = np.sum([each.classes[:, 2] for each in days], axis=0) > 0
    assert changed.tolist() == [each in (RuleClass.PRICES, RuleClass.OFFSETS) for each in RuleClass]
    assert {name for each in days for name in each.prices} == {"a4", "a9"}
