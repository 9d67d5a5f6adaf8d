"""Where an activity starts that nobody has seen, and what the objectives are worth."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.support.feedback_log import ACTIVITIES, HOW, NEVER, make_log
from tideline.udfs.core.budgets.standing import EVERY_ID, Standing
from tideline.udfs.core.catalogue.activity import Activity
from tideline.udfs.core.catalogue.catalogue import Catalogue
from tideline.udfs.core.context import CONSTANT_X
from tideline.udfs.core.fixed_point import THETA_UNIT, X_UNIT
from tideline.udfs.core.learning.learning import add, merge
from tideline.udfs.core.learning.publication import publication
from tideline.udfs.core.policies.arm_key import ArmKey
from tideline.udfs.core.policies.cold_start import Charged, coefficients, offsets_of, scale_of, worth
from tideline.udfs.core.policies.policy_table import PolicyTable

if TYPE_CHECKING:
    pass

NAMES = ["old0", "old1", "old2", "old3", "new"]
CATALOGUE = Catalogue.of([Activity(name, "coupon", "", 1, 2, categories=("c",), cost=0.5) for name in NAMES])


def test_the_default_weights_score_as_they_are_given() -> None:
    assert worth(CATALOGUE.activities, (1.0, 5.0, 0.0, 0.0)).tolist() == [[1.0, 5.0, 0.0]] * 5
    assert worth(CATALOGUE.activities, (1.0, 5.0, 0.01, 1.0)).tolist() == [[1.0, 4.5, 0.01]] * 5
    assert worth(CATALOGUE.activities, (0.0, 0.0, 0.0, 0.0)).tolist() == [[0.0] * 3] * 5


def test_what_budgets_and_floors_charge_can_be_told_apart() -> None:
    """Contract: with all, with prices alone, or with nothing; an offset is added to every score that reads contexts."""
    standings = {"new": Standing(price=2**24, offset=2**22), "old1": Standing(offset=2**20)}
    weights = (1.0, 5.0, 0.0, 0.0)
    known = {each: coefficients(PolicyTable(), CATALOGUE, 3, weights, each.of(standings)) for each in Charged}
    plain = coefficients(PolicyTable(), CATALOGUE, 3, weights)
    assert all((known[each].theta == plain.theta).all() for each in (Charged.NOTHING, Charged.CLICKS))
    assert Charged.ALL.of(standings) is standings
    assert {name: (each.price, each.offset) for name, each in Charged.PRICES.of(standings).items()} == {
        "new": (2**24, 0),
        "old1": (0, 0),
    }
    added = (known[Charged.ALL].theta - known[Charged.PRICES].theta)[:, 0] * THETA_UNIT * CONSTANT_X * X_UNIT
    assert np.abs(added - offsets_of(CATALOGUE.activities, standings)).max() < 1e-6
    assert offsets_of(CATALOGUE.activities, standings).tolist() == [0.25, 0.0, 0.0625, 0.0, 0.0]


def test_a_click_that_is_worth_more_scores_as_if_the_weights_said_so() -> None:
    """Contract: budgets' prices are in the scale of scores with it; floors add as much as by weights that say so.

    An offset is at most so large, so one that was divided would be too small for any floor where a click is worth much.
    """
    weights, more = (0.0, 0.0, 0.5, 0.0), {EVERY_ID: Standing(price=3 * 2**24)}
    said = coefficients(PolicyTable(), CATALOGUE, 3, (1.5, 0.0, 0.5, 0.0))  # 3 clicks to a unit of revenue, over 3
    assert scale_of(weights, more) == 3.0
    assert (coefficients(PolicyTable(), CATALOGUE, 3, weights, more).theta == said.theta).all()
    for charged in (Charged.NOTHING, Charged.CLICKS):
        assert charged.of(more) == {}
    assert scale_of(weights, {}) == 1.0
    owed = {**more, "new": Standing(offset=2**22)}
    plain = coefficients(PolicyTable(), CATALOGUE, 3, weights, owed).theta - said.theta
    assert plain[0, 0] * THETA_UNIT * CONSTANT_X * X_UNIT == pytest.approx(0.25, abs=1e-6)


def test_a_start_does_not_depend_on_who_else_is_new() -> None:
    """Contract: the same bytes in any catalogue; whole numbers are for this."""
    log = make_log(400, 6)
    sums = {ArmKey(3, "seen"): add(merge([]), log.rows, NEVER)}
    table = PolicyTable()
    for offset, (name, row) in enumerate(publication(sums, [ArmKey(3, "seen")], NEVER, 0, HOW)):
        assert table.apply(name, row._replace(version=offset))
    weights = (1.0, 2.0, 0.5, 0.0)
    together = coefficients(table, Catalogue.of(ACTIVITIES), 3, weights)
    for at, each in enumerate(ACTIVITIES):
        alone = coefficients(table, Catalogue.of([each]), 3, weights)
        assert (alone.theta[0] == together.theta[at]).all()
        assert (alone.inverse[0] == together.inverse[at]).all()
