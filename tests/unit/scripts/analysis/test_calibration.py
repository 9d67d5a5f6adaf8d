"""Predicted beside seen reward."""

from __future__ import annotations

import numpy as np
import pytest

from tests.support.shown import shown
from tideline.scripts.analysis.calibration import calibration


def test_calibration_compares_what_was_expected_with_what_came() -> None:
    """Contract: predictions that are right have a distance near 0, ones that are double have their own size / 2."""
    rng = np.random.default_rng(1)
    truth = rng.uniform(0.02, 0.2, 20_000)
    rewards = (rng.random(20_000) < truth).astype(float)
    right = [{"predicted": p, "reward": r} for p, r in zip(truth.tolist(), rewards.tolist(), strict=True)]
    double = [{**row, "predicted": 2 * row["predicted"]} for row in right]
    assert calibration([shown(right)])["error"] < 0.01
    assert calibration([shown(double)])["error"] == pytest.approx(truth.mean(), rel=0.1)


@pytest.mark.parametrize("few", [1, 40, 10_000])
@pytest.mark.parametrize("kinds", [1, 3, 100_000])
def test_bins_are_those_of_all_rows_sorted_however_few_are_held(few: int, kinds: int) -> None:
    """Contract: by prediction, equal ones by time and then by place in the file; unknown ones are in no bin."""
    rng = np.random.default_rng(kinds)
    predicted = rng.choice(rng.normal(size=kinds), 997)
    predicted[rng.random(997) < 0.1] = np.nan
    reward, ts_ms = rng.random(997), rng.integers(0, 50, 997)
    order = np.lexsort((np.arange(997), ts_ms, predicted))[: np.isfinite(predicted).sum()]
    log = shown([{}] * 997)._replace(predicted=predicted, reward=reward, ts_ms=ts_ms)
    of = rng.integers(0, 3, 997)
    columns = {name: values for name, values in log._asdict().items() if name != "groups"}
    parts = [log._replace(**{name: values[of == part] for name, values in columns.items()}) for part in range(3)]
    found = calibration(parts, few)["bins"]
    for each, rows in zip(found, np.array_split(order, 10), strict=True):
        assert each == {
            "predicted": pytest.approx(predicted[rows].mean(), rel=1e-12),
            "seen": pytest.approx(reward[rows].mean(), rel=1e-12), "rows": rows.size,
        }  # fmt: skip


def test_predictions_of_too_few_rows_are_not_judged() -> None:
    assert calibration([shown([{}] * 9)]) == {"bins": [], "error": None}
