"""Estimators of whole lists against obp 0.5.7 and against enumeration."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pytest

from tideline.udfs.core.evaluation import list_estimators

GOLDEN = json.loads((Path(__file__).parents[4] / "golden" / "ope" / "obp.json").read_text())["slates"]
GIVEN = {name: np.array(values) for name, values in GOLDEN["given"].items()}
LENGTH, ARMS = 3, 6


def test_independent_ips_equals_obp() -> None:
    """Contract: given obp's synthetic lists and propensities, the estimate is that of obp 0.5.7, to 1e-9."""
    weight = GIVEN["evaluation_policy_pscore_item_position"] / GIVEN["pscore_item_position"]
    found = list_estimators.independent_ips(weight, GIVEN["reward"], GIVEN["slate_id"])
    assert found.mean() == pytest.approx(GOLDEN["values"]["independent"], abs=1e-9)


def test_the_cascade_estimators_equal_obp() -> None:
    """Contract: as above, from the weights of single entries; obp gets their products."""
    joint = GIVEN["evaluation_policy_pscore_cascade"] / GIVEN["pscore_cascade"]
    first = GIVEN["position"] == 0
    weight = np.where(first, joint, joint / np.concatenate([[1.0], joint[:-1]]))
    cumulated = list_estimators.cumulative(weight, GIVEN["position"])
    rips = list_estimators.rips(cumulated, GIVEN["reward"], GIVEN["slate_id"])
    assert rips.mean() == pytest.approx(GOLDEN["values"]["rips"], abs=1e-9)
    model = GIVEN["q_hat"].reshape(-1, ARMS)
    expected = (GIVEN["evaluation_policy_action_dist"].reshape(-1, ARMS) * model).sum(axis=1)
    modelled = model[np.arange(len(model)), GIVEN["action"]]
    found = list_estimators.cascade_dr(
        cumulated, GIVEN["reward"], modelled, expected, GIVEN["slate_id"], GIVEN["position"]
    )
    assert found.mean() == pytest.approx(GOLDEN["values"]["cascade_dr"], abs=1e-9)


@pytest.mark.parametrize(("arms", "length"), [(5, 3), (4, 1), (3, 3)])
def test_pseudo_inverse_weights_equal_the_numerical_pseudo_inverse(arms: int, length: int) -> None:
    """Contract: for random lists without repetition the closed form is q' pinv(Gamma) 1_s of Swaminathan et al."""
    lists = list(itertools.permutations(range(arms), length))
    indicators = np.array([_indicator(each, arms) for each in lists])
    gamma = indicators.T @ indicators / len(lists)
    target = np.random.default_rng(1).dirichlet(np.ones(len(lists)))
    q = target @ indicators
    wanted = indicators @ np.linalg.pinv(gamma) @ q
    table = q.reshape(length, arms)
    at_position = np.array([sum(table[k, arm] for k, arm in enumerate(each)) for each in lists])
    anywhere = np.array([sum(table[:, arm].sum() for arm in each) for each in lists])
    size = np.full(len(lists), length)
    found = list_estimators.pseudo_inverse_weights(at_position, anywhere, size, np.full(len(lists), arms))
    assert found == pytest.approx(wanted)
    effects = np.random.default_rng(2).random(length * arms)
    assert (found * (indicators @ effects)).mean() == pytest.approx(target @ indicators @ effects)  # unbiased


def _indicator(order: tuple[int, ...], arms: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    found = np.zeros((len(order), arms))
    found[np.arange(len(order)), order] = 1.0
    return found.ravel()
