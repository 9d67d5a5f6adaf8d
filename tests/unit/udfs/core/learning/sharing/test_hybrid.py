"""LinUCB hybrid: against the joint ridge regression, the paper's sequential algorithm, and itself in fixed point."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.support.feedback_log import ACTIVITIES, HOW, NEVER, SEEN, Log, make_log
from tideline.udfs.core.catalogue.activity_features import FEATURES, features_of
from tideline.udfs.core.catalogue.catalogue import Catalogue
from tideline.udfs.core.context import DIM
from tideline.udfs.core.learning.learning import add, merge
from tideline.udfs.core.learning.publication import publication
from tideline.udfs.core.learning.sharing.hybrid import Shared, solve_arm, solve_shared
from tideline.udfs.core.learning.solving import Counts, Evidence, Solved, decayed_numbers, evidence_of
from tideline.udfs.core.limits import OBJECTIVES
from tideline.udfs.core.policies.arm_key import PRIOR_ID, ArmKey
from tideline.udfs.core.policies.base import Contexts
from tideline.udfs.core.policies.by_name import make_policy
from tideline.udfs.core.policies.cold_start import coefficients
from tideline.udfs.core.policies.policy_table import PolicyTable, decode_row, encode_row
from tideline.udfs.core.policies.regression import Regression, Sharing

if TYPE_CHECKING:
    from numpy.typing import NDArray


FEATURES_OF_ALL = np.stack([features_of(each) for each in ACTIVITIES])


def evidence_in(log: Log) -> Evidence:
    sums = [add(merge([]), log.rows[log.arm == arm], NEVER) for arm in range(len(ACTIVITIES))]
    return evidence_of(
        decayed_numbers(sums, NEVER, 0), Counts(np.zeros(len(sums)), np.zeros((len(sums), len(OBJECTIVES))))
    )


def solved_from(log: Log) -> tuple[Shared, Solved]:
    found = evidence_in(log)
    shared = solve_shared(found, FEATURES_OF_ALL, HOW)
    return shared, solve_arm(found, FEATURES_OF_ALL, shared, HOW)


def joint(x: NDArray[np.float64], arm: NDArray[np.int64]) -> NDArray[np.float64]:
    """The row of the joint regression of each event: z, then x in the place of its activity."""
    e = np.stack([features_of(each) for each in ACTIVITIES]) / 127.0
    z = (e[arm][:, :, None] * x[:, None, :]).reshape(len(x), FEATURES * DIM)
    own = np.zeros((len(x), len(ACTIVITIES), DIM))
    own[np.arange(len(x)), arm] = x
    return np.concatenate([z, own.reshape(len(x), len(ACTIVITIES) * DIM)], axis=1)


@pytest.mark.parametrize("count", [0, 7, 600])
def test_it_is_the_joint_ridge_regression(count: int) -> None:
    """Contract: mean and width of every activity equal those of one regression over (z, x of each) to 1e-9."""
    log = make_log(count, count)
    rewards = np.stack([log.rows["clicks"], log.rows["conversions"], log.rows["revenue_milli"] / 1000.0], axis=1)
    design = joint(log.rows["x"] / 127.0, log.arm)
    ridge = np.concatenate([np.full(FEATURES * DIM, HOW.shared_ridge), np.full(len(ACTIVITIES) * DIM, HOW.ridge)])
    whole = np.diag(ridge) + design.T @ design
    theta = np.linalg.solve(whole, design.T @ rewards)
    asked = make_log(50, 99).rows["x"] / 127.0
    solved = solved_from(log)[1]
    for arm in range(len(ACTIVITIES)):
        row = joint(asked, np.full(50, arm))
        assert asked @ solved.theta[arm].T == pytest.approx(row @ theta, abs=1e-9)
        leverage = np.einsum("ni,in->n", row, np.linalg.solve(whole, row.T))
        assert np.einsum("ni,ij,nj->n", asked, solved.inverse[arm], asked) == pytest.approx(leverage, abs=1e-9)


def test_it_is_the_papers_sequential_algorithm() -> None:
    """Contract: Li et al. 2010, algorithm 2, event by event, ends at the same scores (its ridge is 1)."""
    log, how = make_log(300, 5), Regression(1.0, Sharing.HYBRID, 1.0)
    e = np.stack([features_of(each) for each in ACTIVITIES]) / 127.0
    size, count = FEATURES * DIM, len(ACTIVITIES)
    a0, b0 = np.eye(size), np.zeros(size)
    a, b, big = np.stack([np.eye(DIM)] * count), np.zeros((count, DIM)), np.zeros((count, DIM, size))
    for row, arm in zip(log.rows, log.arm.tolist(), strict=True):
        x, reward = row["x"] / 127.0, float(row["clicks"])
        z = np.outer(e[arm], x).ravel()
        a0 += big[arm].T @ np.linalg.solve(a[arm], big[arm])
        b0 += big[arm].T @ np.linalg.solve(a[arm], b[arm])
        a[arm] += np.outer(x, x)
        big[arm] += np.outer(x, z)
        b[arm] += reward * x
        a0 += np.outer(z, z) - big[arm].T @ np.linalg.solve(a[arm], big[arm])
        b0 += reward * z - big[arm].T @ np.linalg.solve(a[arm], b[arm])
    beta = np.linalg.solve(a0, b0)
    x = make_log(1, 8).rows["x"][0] / 127.0
    found = evidence_in(log)
    shared = solve_shared(found, FEATURES_OF_ALL, how)
    solved = solve_arm(found, FEATURES_OF_ALL, shared, how)
    for arm in range(count):
        z, inverse = np.outer(e[arm], x).ravel(), np.linalg.inv(a[arm])
        theta = inverse @ (b[arm] - big[arm] @ beta)
        back = np.linalg.solve(a0, big[arm].T @ inverse @ x)
        s = z @ np.linalg.solve(a0, z) - 2 * z @ back + x @ inverse @ x + x @ inverse @ big[arm] @ back
        assert x @ solved.theta[arm, 0] == pytest.approx(z @ beta + x @ theta, abs=1e-9)
        assert x @ solved.inverse[arm] @ x == pytest.approx(s, abs=1e-9)


def test_a_new_activity_is_scored_from_the_shared_part_alone() -> None:
    """Contract: its published start, by its features, is the joint solution to the rounding of fixed point."""
    log = make_log(600, 3)
    sums = {ArmKey(3, f"a{arm}"): add(merge([]), log.rows[log.arm == arm], NEVER) for arm in range(SEEN)}
    features = {each.activity_id: features_of(each) for each in ACTIVITIES}
    table = PolicyTable()
    for offset, (name, row) in enumerate(publication(sums, list(sums), NEVER, 0, HOW, features)):
        name, row = decode_row(encode_row(row, name), offset)
        assert table.apply(name, row)
    known = coefficients(table, Catalogue.of(ACTIVITIES), 3, (1.0, 0.0, 0.0, 0.0))
    x = make_log(40, 9).rows["x"]
    scores = make_policy("linucb_hybrid:alpha=1").score(Contexts(x), known, np.full(40, 5), np.zeros(40, np.uint64))
    solved = solved_from(log)[1]
    for arm in range(len(ACTIVITIES)):
        z = x / 127.0
        assert scores.mean[:, arm] == pytest.approx(z @ solved.theta[arm, 0], abs=2e-6)
        squared = np.einsum("ni,ij,nj->n", z, solved.inverse[arm], z)
        assert scores.bonus[:, arm] == pytest.approx(np.sqrt(squared), abs=2e-6)
    assert table.rows[ArmKey(3, PRIOR_ID)].shared is not None
    assert known.total.tolist() == [600.0] * 5
