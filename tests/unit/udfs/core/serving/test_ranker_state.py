"""What a batch is ranked with, and what changes it."""

from __future__ import annotations

import numpy as np

from tests.support.core_world import NOON_MS, ArithmeticEncoder, activity, make_ranker
from tideline.udfs.core.budgets.standing import Standing
from tideline.udfs.core.control.control import PinPolicy, SetExamination, SetExperiment, SetWeights, VariantSpec
from tideline.udfs.core.policies.by_name import make_policy
from tideline.udfs.core.policies.cold_start import Charged
from tideline.udfs.core.policies.policy_table import PolicyRow, cold_row
from tideline.udfs.core.serving.ranker_state import RankerState


def row(version: int, clicks: float = 3.0) -> PolicyRow:
    return cold_row()._replace(version=version, encoder=3, impressions=10.0, total=20.0, rewards=(clicks, 0.0, 0.0))


def learned(ranker: RankerState, name: str) -> float:
    """The impressions a ranker knows of an activity."""
    at = [each.activity_id for each in ranker.catalogue.activities].index(name)
    return float(ranker.known.impressions[at])


def test_what_was_learned_is_in_the_next_scores() -> None:
    """Contract: coefficients follow each row, each encoder and each change of the catalogue."""
    ranker = make_ranker([activity("a"), activity("b")])
    assert learned(ranker, "a") == 0.0
    ranker = ranker.with_row("a", row(5))
    assert (learned(ranker, "a"), learned(ranker, "b"), ranker.version) == (10.0, 0.0, 5)
    ranker = ranker.with_activities({"a": None})
    assert [each.activity_id for each in ranker.catalogue.activities] == ["b"]
    ranker = ranker.with_activities({"a": activity("a")})
    assert learned(ranker, "a") == 10.0
    ranker = ranker.with_encoder(ArithmeticEncoder(version=4))
    assert learned(ranker, "a") == 0.0


def test_without_standings_what_scores_are_charged_is_made_once() -> None:
    """Contract: by the same weights the very same coefficients; with a standing each is its own."""
    ranker = make_ranker([activity("a", cost=1.0), activity("b")]).with_row("a", row(5))
    policy = ranker.settings.policy
    charged = [ranker.known_by(policy, each) for each in (Charged.ALL, Charged.PRICES, Charged.NOTHING)]
    assert all(each is charged[0] for each in charged)
    ranker = ranker.with_standing("a", Standing(price=2**24, version=6))
    assert ranker.known_by(policy) is not ranker.known_by(policy, Charged.NOTHING)


def test_a_pinned_policy_takes_no_newer_row() -> None:
    """Contract: rows above the pinned version are passed over, and what was known is forgotten until it is read."""
    ranker = make_ranker([activity("a")])
    ranker = ranker.with_row("a", row(5))
    ranker = ranker.after(PinPolicy(4), 0)
    assert ranker.with_row("a", row(5)) is ranker
    ranker = ranker.with_row("a", row(4))
    assert ranker.version == 4
    ranker = ranker.after(PinPolicy(None), 0)
    assert ranker.version == -1
    ranker = ranker.with_row("a", row(9))


def test_of_two_activities_that_clash_the_second_is_known_and_not_ranked() -> None:
    ranker = make_ranker([activity("a"), activity("b")])
    assert ranker.offers.unranked() == frozenset()
    assert ranker.attributing.reward_value.keys() == {"a", "b"}


def test_an_experiment_is_known_by_its_mark_when_it_is_over() -> None:
    """Contract: lists that carry it may come back later; one that was never here is None."""
    ranker = make_ranker([activity("a")])
    ranker = ranker.after(SetExperiment("e", (VariantSpec("calm", "linucb:alpha=0", 300),), None), NOON_MS)
    assert ranker.experiment is not None
    mark = ranker.experiment.mark
    assert ranker.policy_of(1).values["alpha"] == 0.0
    ranker = ranker.after(SetExperiment("e", (), None), NOON_MS + 1)
    assert ranker.policy_of(1) is ranker.settings.policy
    assert ranker.experiment_of(mark) is not None
    assert ranker.experiment_of(mark + 1) is None


def test_an_arm_that_needs_other_rows_has_the_deployments_until_they_are_there() -> None:
    ranker = make_ranker([activity("a")])
    hybrid = make_policy("linucb_hybrid")
    assert ranker.table_of(hybrid, 3) is ranker.tables.deployed
    ranker = ranker.with_row("a", row(5)._replace(regression=hybrid.regression.name))
    assert ranker.table_of(hybrid, 3, 2) is ranker.tables.deployed
    assert ranker.table_of(make_policy("popular"), 3) is ranker.tables.deployed


def test_orders_change_weights_and_what_impressions_weigh() -> None:
    ranker = make_ranker([activity("a")])
    ranker = ranker.after(SetWeights(0.0, 2.0, 0.5, 1.0), 0)
    assert ranker.weights == (0.0, 2.0, 0.5, 1.0)
    ranker = ranker.after(SetExamination((1.0, 0.4), 0.75), 0)
    assert ranker.attributing.examination_discount[:3] == (0, 60, 60)
    assert ranker.attributing.cascade is not None
    assert ranker.attributing.cascade.examination_discount == 25


def test_cold_are_the_activities_of_now_that_hardly_anybody_saw() -> None:
    ranker = make_ranker([activity("a"), activity("b"), activity("over", ends_ms=NOON_MS)])
    ranker = ranker.with_row("a", row(1)._replace(impressions=1e6))
    assert ranker.cold(NOON_MS) == 1
    assert ranker.arms_of(np.zeros(3, np.uint64)).tolist() == [0, 0, 0]


def test_where_an_activity_stands_is_in_the_next_scores_and_masks() -> None:
    """Contract: a price takes by its cost, an offset adds for everybody, a stop is a number of the catalogue."""
    ranker = make_ranker([activity("a", budget=9.0, cost=2.0), activity("b"), activity("c", exposure_floor=0.1)])
    plain = ranker.known
    stood = ranker.with_standing("a", Standing(price=2**23, stopped=True, lease_ms=600_000, version=7))
    stood = stood.with_standing("c", Standing(offset=2**22, version=8)).with_standing("gone", Standing(version=9))
    assert stood.version == 9
    late = stood.with_standing("b", Standing(version=3))  # of another activity, and older: the newest stays
    assert (late.version, late.tables.standings["b"].version) == (9, 3)
    assert stood.stopped().tolist() == [0]
    assert stood.leases() == {0: 600_000}
    assert (stood.known.theta[2] - plain.theta[2]).tolist() == [round(2**22 / (90 / 127)), *[0] * 15]
    assert (stood.known.theta[:2] == plain.theta[:2]).all()
    assert stood.known.pairs.worth.tolist() == plain.pairs.worth.tolist()
    assert (ranker.stopped().size, ranker.leases()) == (0, {})


def test_a_price_is_what_a_conversion_costs_less() -> None:
    """Contract: with the price of a unit of money at half a click, one that costs two takes a whole click."""
    theta = cold_row().theta.copy()
    theta[1, 0] = 2**20
    converts = row(5)._replace(theta=theta)
    ranker = make_ranker([activity("a", budget=9.0, cost=2.0)]).with_row("a", converts)
    priced = ranker.with_standing("a", Standing(price=2**23, version=6))
    assert priced.known.theta[0, 0] - ranker.known.theta[0, 0] == -(2**20)


def test_a_pinned_policy_keeps_prices_and_stops() -> None:
    """Contract: a standing above the pinned version is passed over, as is one that is not newer."""
    ranker = make_ranker([activity("a")]).after(PinPolicy(4), 0)
    assert ranker.with_standing("a", Standing(stopped=True, version=5)) is ranker
    pinned = ranker.with_standing("a", Standing(stopped=True, version=4))
    assert pinned.stopped().tolist() == [0]
    assert pinned.with_standing("a", Standing(version=4)) is pinned
    assert pinned.after(PinPolicy(None), 0).stopped().size == 0


def test_without_standings_nothing_is_as_it_would_not_be() -> None:
    """Contract: not a bit of the coefficients, whatever was put in and freed again."""
    ranker = make_ranker([activity("a", cost=2.0), activity("b")]).with_row("a", row(5))
    freed = ranker.with_standing("a", Standing(version=7))
    for before, after in zip(ranker.known.arrays(), freed.known.arrays(), strict=True):
        assert np.array_equal(before, after)


def test_an_order_for_a_placement_that_is_not_there_changes_nothing() -> None:
    """Contract: least of all the default list, which has no name."""
    ranker = make_ranker([activity("a")])
    assert ranker.after(SetExamination((0.5,), placement="cart"), 0) is ranker
