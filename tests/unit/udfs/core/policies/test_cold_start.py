"""Where an activity starts that nobody has seen, and what the objectives are worth."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.feedback_log import ACTIVITIES, HOW, NEVER, make_log
from tideline.udfs.core.catalogue.activity import Activity
from tideline.udfs.core.catalogue.catalogue import Catalogue
from tideline.udfs.core.learning.learning import add, merge
from tideline.udfs.core.learning.publication import publication
from tideline.udfs.core.policies.arm_key import ArmKey
from tideline.udfs.core.policies.cold_start import coefficients, worth
from tideline.udfs.core.policies.policy_table import PolicyTable

if TYPE_CHECKING:
    pass

NAMES = ["old0", "old1", "old2", "old3", "new"]
CATALOGUE = Catalogue.of([Activity(name, "coupon", "", 1, 2, categories=("c",), cost=0.5) for name in NAMES])


def test_the_default_weights_score_as_they_are_given() -> None:
    assert worth(CATALOGUE.activities, (1.0, 5.0, 0.0, 0.0)).tolist() == [[1.0, 5.0, 0.0]] * 5
    assert worth(CATALOGUE.activities, (1.0, 5.0, 0.01, 1.0)).tolist() == [[1.0, 4.5, 0.01]] * 5
    assert worth(CATALOGUE.activities, (0.0, 0.0, 0.0, 0.0)).tolist() == [[0.0] * 3] * 5


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
