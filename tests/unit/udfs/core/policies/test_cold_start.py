"""Where an activity starts that nobody has seen, and what the objectives are worth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tests.support.core_world import activity
from tideline.udfs.core.catalogue.activity import Activity
from tideline.udfs.core.catalogue.catalogue import Catalogue
from tideline.udfs.core.context import DIM
from tideline.udfs.core.learning.learning import Forgetting, add, merge
from tideline.udfs.core.learning.publication import publication
from tideline.udfs.core.policies.cold_start import coefficients, worth
from tideline.udfs.core.policies.policy_table import PolicyTable
from tideline.udfs.core.policies.regression import Regression, Sharing
from tideline.udfs.core.rewards.feedback import ROWS

if TYPE_CHECKING:
    from numpy.typing import NDArray

NAMES = ["old0", "old1", "old2", "old3", "new"]
CATALOGUE = Catalogue.of([Activity(name, "coupon", "", 1, 2, categories=("c",), cost=0.5) for name in NAMES])


def test_the_default_weights_score_as_they_are_given() -> None:
    assert worth(CATALOGUE.activities, (1.0, 5.0, 0.0, 0.0)).tolist() == [[1.0, 5.0, 0.0]] * 5
    assert worth(CATALOGUE.activities, (1.0, 5.0, 0.01, 1.0)).tolist() == [[1.0, 4.5, 0.01]] * 5
    assert worth(CATALOGUE.activities, (0.0, 0.0, 0.0, 0.0)).tolist() == [[0.0] * 3] * 5


NEVER = Forgetting(0)
HOW = Regression(3.0, Sharing.HYBRID, 2.0)
ACTIVITIES = [
    activity(f"a{number}", kind=kind, categories=names)
    for number, (kind, names) in enumerate(
        [("coupon", ("tea",)), ("coupon", ("tea", "milk")), ("banner", ("wine",)), ("event", ()), ("coupon", ("milk",))]
    )
]
SEEN = 4
"""The last activity was never shown."""


class Log(NamedTuple):
    """Rows of feedback and the number of the activity of each."""

    rows: NDArray[Any]
    arm: NDArray[np.int64]


def make_log(count: int, seed: int) -> Log:
    rng = np.random.default_rng(seed)
    rows = np.zeros(count, ROWS)
    rows["x"] = np.clip(np.rint(rng.normal(size=(count, DIM)) * 25), -127, 127).astype(np.int8)
    rows["x"][:, 0] = 90
    rows["impressions"], rows["clicks"] = 1, rng.random(count) < 0.3
    rows["conversions"] = rows["clicks"] * (rng.random(count) < 0.3)
    rows["revenue_milli"] = rows["conversions"] * rng.integers(100, 900, count)
    return Log(rows, rng.integers(0, SEEN, count))


def test_a_start_does_not_depend_on_who_else_is_new() -> None:
    """Contract: the same bytes in any catalogue; whole numbers are for this."""
    log = make_log(400, 6)
    sums = {"3|seen": add(merge([]), log.rows, NEVER)}
    table = PolicyTable()
    for offset, (name, row) in enumerate(publication(sums, ["3|seen"], NEVER, 0, HOW)):
        assert table.apply(name, row._replace(version=offset))
    weights = (1.0, 2.0, 0.5, 0.0)
    together = coefficients(table, Catalogue.of(ACTIVITIES), 3, weights)
    for at, each in enumerate(ACTIVITIES):
        alone = coefficients(table, Catalogue.of([each]), 3, weights)
        assert (alone.theta[0] == together.theta[at]).all()
        assert (alone.inverse[0] == together.inverse[at]).all()
