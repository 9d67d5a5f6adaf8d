"""Units: any currency and any weights; nothing is cut, and exploration has no unit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.support.feedback_rows import NEVER, NOTHING, rows_of
from tideline.udfs.core.catalogue.activity import Activity
from tideline.udfs.core.catalogue.catalogue import Catalogue
from tideline.udfs.core.counter_random import decision_seeds
from tideline.udfs.core.fixed_point import THETA_UNIT, X_UNIT, in_units
from tideline.udfs.core.learning.learning import add
from tideline.udfs.core.learning.publication import publication
from tideline.udfs.core.policies.arm_key import ArmKey
from tideline.udfs.core.policies.base import Contexts
from tideline.udfs.core.policies.by_name import make_policy
from tideline.udfs.core.policies.cold_start import Weights, coefficients
from tideline.udfs.core.policies.policy_table import PolicyTable
from tideline.udfs.core.policies.regression import Regression, Sharing
from tideline.udfs.core.ranking.list_form import ListForm
from tideline.udfs.core.ranking.ranking import rank

NAMES = ["old0", "old1", "old2", "old3", "new"]
CATALOGUE = Catalogue.of([Activity(name, "coupon", "", 1, 2, categories=("c",), cost=0.5) for name in NAMES])
PLACES = [each.activity_id for each in CATALOGUE.activities]
HOW = Regression(2.0, Sharing.NONE)
EVERYBODY = np.full((1, 16), 0, np.int8)
EVERYBODY[:, 0] = 90


def table_of(worths: dict[str, float], impressions: int = 400) -> PolicyTable:
    """What is known when every fifth impression of an activity converts and then is worth so much."""
    sums = {}
    for at, (name, value) in enumerate(worths.items()):
        rows = rows_of(impressions, at)
        rows["impressions"], rows["examination_discount"], rows["dismissals"] = 1, 0, 0
        rows["clicks"] = rows["conversions"] = np.arange(impressions) % 5 == 0
        rows["revenue_milli"] = rows["conversions"] * np.int64(round(value * 1000))
        sums[ArmKey(3, name)] = add(NOTHING, rows, NEVER)
    table = PolicyTable()
    for offset, (name, row) in enumerate(publication(sums, sorted(sums), NEVER, 0, HOW)):
        table.apply(name, row._replace(version=offset))
    return table


def lists(table: PolicyTable, weights: Weights, policy: str = "linucb") -> NDArray[np.int64]:
    """200 lists of three by the weights."""
    known = coefficients(table, CATALOGUE, 3, weights)
    x = rows_of(200, 77)["x"]
    seeds = decision_seeds(np.arange(200, dtype=np.uint64), np.arange(200), np.zeros(200, np.int64), 1)
    return rank(make_policy(policy), known, Contexts(x), np.ones((200, len(NAMES)), np.bool_), seeds, ListForm(3)).order


@pytest.mark.parametrize(
    "worths", [(3_000.0, 6_000.0, 18_000.0), (0.005, 0.01, 0.03), (3e6, 6e6, 1.8e7), (3e9, 6e9, 9e9)]
)
def test_revenues_of_any_currency_are_published_as_what_they_are(worths: tuple[float, ...]) -> None:
    """Contract: IDR to KWD: each activity's mean revenue comes back in proportion, and ranks by it."""
    table = table_of(dict(zip(NAMES, worths, strict=False)))
    means = [float(EVERYBODY[0] @ table.row(3, name).theta[2]) * X_UNIT * THETA_UNIT for name in NAMES[:3]]
    assert means[1] / means[0] == pytest.approx(worths[1] / worths[0], rel=0.2)
    assert means[2] / means[0] == pytest.approx(worths[2] / worths[0], rel=0.2)
    known = coefficients(table, CATALOGUE, 3, (0.0, 0.0, 1.0, 0.0))
    scores = make_policy("epsilon_greedy").score(Contexts(EVERYBODY), known, np.array([5]), np.zeros(1, np.uint64))
    found = dict(zip(PLACES, scores.mean[0].tolist(), strict=True))
    assert sorted(found, key=found.__getitem__, reverse=True)[:3] == ["old2", "old1", "old0"]
    assert [found[name] for name in NAMES[:3]] == pytest.approx(means, rel=1e-6)


@pytest.mark.parametrize("policy", ["linucb", "thompson", "softmax", "chernoff_ucb", "epsilon_greedy"])
@pytest.mark.parametrize("factor", [1e-3, 0.1, 3.0, 100.0, 1e6, 1e9])
@pytest.mark.parametrize("weights", [(1.0, 5.0, 0.0, 0.0), (1.0, 0.0, 0.0, 0.0), (0.0, 1.0, 0.02, 1.0)])
def test_weights_that_are_all_multiplied_alike_change_no_list(policy: str, factor: float, weights: Weights) -> None:
    """Contract: what is sought is a ratio of worths; exploration goes along with them."""
    table = table_of(dict.fromkeys(NAMES[:4], 20.0))
    click, conversion, revenue, cost = weights
    many = (click * factor, conversion * factor, revenue * factor, cost * factor)
    assert (lists(table, weights, policy) == lists(table, many, policy)).all()


def test_a_click_that_is_worth_a_hundred_leaves_the_new_activity_its_places() -> None:
    """Contract: C7 as it was seen: click=100 in place of 1 took a new activity from all lists to none."""
    table = table_of(dict.fromkeys(NAMES[:4], 0.0), impressions=4_000)
    for click in (1.0, 100.0, 1e5):
        found = lists(table, (click, 0.0, 0.0, 0.0))
        assert (found == PLACES.index("new")).any(axis=1).sum() == 200


@given(st.lists(st.floats(-1e30, 1e30), min_size=1, max_size=16), st.lists(st.integers(-127, 127), min_size=16))
def test_sums_with_a_context_are_exact_whatever_theta(theta: list[float], x: list[int]) -> None:
    """Contract: floats give what Python's whole numbers give, in any order."""
    (units,) = in_units(np.array([theta]))
    products = [int(each) * at for each, at in zip(units.tolist(), x, strict=False)]
    for order in (1, -1):
        total = 0.0
        for each, at in list(zip(units.tolist(), x, strict=False))[::order]:
            total += each * at
        assert total == sum(products)
