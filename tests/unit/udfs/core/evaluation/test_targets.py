"""Policies as targets: exact probabilities, what they learn from, and whole lists."""

from __future__ import annotations

import numpy as np
import pytest

from tideline.scripts.benchmarks.offline.ope_lists import ARMS, ORDER, POSITIONS, draw_lists, in_order, truth_of_lists
from tideline.udfs.core.evaluation.evaluation import evaluate
from tideline.udfs.core.evaluation.targets import Constant, Target, Uniform


def test_a_greedy_policy_has_exact_probabilities_given_what_is_above() -> None:
    """Contract: 1 - e for the best of what remains, and e over the number that remains for each."""
    log = draw_lists(50, 1)
    rows = np.arange(log.rows)
    found = in_order(log, 0.3).chances(rows)
    assert found.sum(axis=1) == pytest.approx(np.ones(log.rows))
    for row in rows.tolist():
        above = log.action[row - log.position[row] : row].tolist()
        left = [arm for arm in ORDER if arm not in above]
        wanted = [(arm in left) * 0.3 / len(left) + 0.7 * (arm == left[0]) for arm in range(ARMS)]
        assert found[row] == pytest.approx(wanted)


@pytest.mark.parametrize("name", ["uniform", "constant", "greedy"])
def test_chances_in_a_place_agree_with_those_given_what_is_above(name: str) -> None:
    """Contract: averaged over the lists that the policy itself makes, the one is the other."""
    log = draw_lists(30_000, 2)
    made: dict[str, Target] = {"uniform": Uniform(log), "constant": Constant(log, 4), "greedy": in_order(log, 0.4)}
    target = made[name]
    rows = np.arange(log.rows)
    given = target.chances(rows)
    own = (given[rows, log.action] / log.propensity).reshape(-1, POSITIONS)
    before = np.column_stack([np.ones(len(own)), own[:, :-1].cumprod(axis=1)])
    averaged = (given.reshape(-1, POSITIONS, ARMS) * before[:, :, None]).mean(axis=0)
    positions = target.by_position(rows[::POSITIONS][:1], POSITIONS)
    assert positions is not None
    assert positions[0].sum(axis=1) == pytest.approx(np.ones(POSITIONS))
    assert averaged == pytest.approx(positions[0], abs=0.03)


def test_lists_of_another_policy_are_judged_from_random_ones() -> None:
    """Contract: all four estimators of a list's reward cover what the policy really earns."""
    log = draw_lists(12_000, 21)
    answer = evaluate(log, lambda fold: in_order(log, 0.5))
    per_list, _ = truth_of_lists(0.5)
    assert set(answer.lists) == {"independent", "rips", "cascade_dr", "pseudo_inverse"}
    for name, estimate in answer.lists.items():
        assert estimate.ci95 is not None, name
        assert estimate.ci95.low <= per_list <= estimate.ci95.high, name


def test_a_list_estimate_from_too_few_lists_like_the_policys_is_refused() -> None:
    """Contract: products of weights need more than single ones; what a list earns is then not told by them."""
    log = draw_lists(3_000, 4)
    answer = evaluate(log, lambda fold: in_order(log, 0.3))
    assert answer.refused is None
    assert "effective sample size" in (answer.lists["rips"].refused or "")
    assert answer.lists["rips"].value is None
    assert answer.lists["independent"].value is not None
