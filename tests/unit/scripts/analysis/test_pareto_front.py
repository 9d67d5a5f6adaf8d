"""The front of clicks and another objective."""

from __future__ import annotations

import numpy as np
import pytest

from tideline.scripts.analysis.pareto_front import Aim, Front, Judged, Objective, as_ordered
from tideline.udfs.core.control.control import MAX_WEIGHT
from tideline.udfs.core.evaluation.evaluation import Estimate
from tideline.udfs.core.evaluation.intervals import Interval

COSTS = np.array([1.0, 2.0])


def judged(clicks: float, gained: float) -> Judged:
    estimates = (Estimate(each, Interval(each - 0.1, each + 0.1), Interval(each, each)) for each in (clicks, gained))
    return Judged(0.5, (1.0, 0.0, 0.0, 0.0), *estimates)


@pytest.mark.parametrize(
    ("objective", "expected"),
    [
        (Objective.CONVERSION, (2.0, 3.0, 0.0, 0.0)),
        (Objective.REVENUE, (2.0, 0.0, 3.0, 0.0)),
        (Objective.MARGIN, (2.0, 0.0, 0.75, 3.0)),
    ],
)
def test_an_objective_is_weights_of_the_jobs_own(objective: Objective, expected: tuple[float, ...]) -> None:
    """Contract: margin is its share of revenue, less what conversions cost."""
    assert Aim(objective, 0.25, COSTS).weights(2.0, 3.0) == expected


@pytest.mark.parametrize("gained", [0.0, 1e-9, 0.25, 1.0, 1e3, 1e12])
@pytest.mark.parametrize("objective", list(Objective))
def test_weights_are_such_as_the_job_takes_whatever_the_currency(objective: Objective, gained: float) -> None:
    """Contract: from 0 to a million each, in the ratio of the worths, also where a unit is next to nothing."""
    weights = Aim(objective, 0.25, COSTS).weights(*as_ordered(0.1, gained))
    assert 0.0 < max(weights) <= MAX_WEIGHT
    assert min(weights) >= 0.0
    assert max(weights[1:]) == pytest.approx(weights[0] * gained / 0.1, rel=1e-3)


def test_what_has_less_of_both_is_not_efficient() -> None:
    """Contract: equal points are, as neither has more; so is whatever has most of one."""
    points = (judged(1.0, 3.0), judged(2.0, 2.0), judged(1.5, 2.0), judged(2.0, 2.0), judged(3.0, 1.0))
    front = Front(points, (1.0, 1.0), None, None)
    assert [front.efficient(at) for at in range(5)] == [True, True, False, True, True]
