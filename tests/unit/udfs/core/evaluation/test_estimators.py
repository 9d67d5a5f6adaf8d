"""Estimators against obp 0.5.7 on the small Open Bandit Dataset and by hand."""

from __future__ import annotations

import csv
import gzip
import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tideline.udfs.core.evaluation import estimators
from tideline.udfs.core.evaluation.estimators import Judged

if TYPE_CHECKING:
    from numpy.typing import NDArray

GOLDEN = Path(__file__).parents[4] / "golden" / "ope"
OBP = json.loads((GOLDEN / "obp.json").read_text())


def _columns(name: str) -> dict[str, NDArray[np.float64]]:
    with gzip.open(GOLDEN / name, "rt") as file:
        header, *rows = csv.reader(file)
    return dict(zip(header, np.array(rows, float).T, strict=True))


def _judged(campaign: str) -> tuple[Judged, NDArray[np.int64]]:
    log, table = _columns(f"obd_{campaign}.csv.gz"), _columns(f"bts_{campaign}.csv.gz")
    arms = len(table) - 1
    chances = np.column_stack([table[f"p_{arm}"] for arm in range(arms)])[log["position"].astype(int)]
    model = np.random.default_rng(5).random(chances.shape) * 0.01
    action = log["action"].astype(int)
    at = np.arange(action.size), action
    return Judged(chances[at] / log["propensity"], log["reward"], model[at], (chances * model).sum(axis=1)), action


@pytest.mark.parametrize("campaign", ["all", "men", "women"])
def test_every_estimator_equals_obp(campaign: str) -> None:
    """Contract: given the same probabilities and reward model the estimates are those of obp 0.5.7, to 1e-9."""
    rows, action = _judged(campaign)
    limit = OBP["limit"]
    found = {
        "ips": estimators.ips(rows),
        "snips": estimators.snips(rows),
        "dm": estimators.dm(rows),
        "dr": estimators.dr(rows),
        "switch_dr": estimators.switch_dr(rows, limit),
        "dros": estimators.dros(rows, limit),
        "replay_first": estimators.replay((action == 0).astype(float), rows.reward),
    }
    for name, terms in found.items():
        assert terms.value == pytest.approx(OBP["campaigns"][campaign][name], abs=1e-9), name


def test_estimators_by_hand() -> None:
    rows = Judged(np.array([2.0, 0.5]), np.array([1.0, 0.0]), np.array([0.5, 0.25]), np.array([0.4, 0.2]))
    assert estimators.ips(rows).value == 1.0
    assert estimators.snips(rows).value == pytest.approx(0.8)
    assert estimators.dm(rows).value == pytest.approx(0.3)
    assert estimators.dr(rows).value == pytest.approx((0.4 + 1.0 + 0.2 - 0.125) / 2)
    assert estimators.switch_dr(rows, 1.0).value == pytest.approx((0.4 + 0.2 - 0.125) / 2)
    assert estimators.dros(rows, 4.0).value == pytest.approx((0.4 + 0.5 + 0.2 - 0.25 * 2 / 4.25) / 2)


def test_without_a_limit_switch_and_shrinkage_are_doubly_robust() -> None:
    rows, _ = _judged("men")
    assert estimators.switch_dr(rows, np.inf).value == estimators.dr(rows).value == estimators.dros(rows, np.inf).value


def test_the_limit_is_the_one_of_least_bias_and_variance_together() -> None:
    """Contract: cutting off is done where it costs no reward, and not where it does."""
    random = np.random.default_rng(1)
    weight = random.exponential(1.0, 4000)
    rows = Judged(weight, np.ones(4000), np.zeros(4000), np.zeros(4000))
    assert estimators.choose(rows, estimators.switch_dr, [np.inf, 0.5]) == np.inf  # three quarters of the reward gone
    steady = Judged(weight, random.random(4000), np.full(4000, 0.5), np.full(4000, 0.5))
    assert estimators.choose(steady, estimators.switch_dr, [np.inf, 0.5]) == 0.5


def test_replay_with_no_agreement_has_no_value() -> None:
    assert np.isnan(estimators.replay(np.zeros(3), np.ones(3)).value)
