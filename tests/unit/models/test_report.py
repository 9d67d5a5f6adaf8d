"""Figures with their intervals."""

import json
import tracemalloc

import numpy as np
import pytest

from tideline.models import bootstrap
from tideline.models.metrics import METRICS, Coverage, Ranks, per_target
from tideline.models.ranking import Ranked
from tideline.models.report import figures, table


def ranked(above: list[int], log_p: list[float]) -> Ranked:
    size = len(above)
    coverage = Coverage(np.array([0, 1, 2]), np.array([0, 1, -1]))
    return Ranked(Ranks(np.array(above), np.zeros(size, np.int64), np.array(log_p)), coverage)


def test_differences_are_paired() -> None:
    """Contract: gru minus baseline on the same draws, so a constant difference of log loss has no width."""
    rng = np.random.default_rng(1)
    log_p = -rng.random(60)
    found = {"gru": ranked([0] * 60, (log_p + 0.25).tolist()), "pop": ranked([9] * 60, log_p.tolist())}
    own, minus = figures(found, np.repeat(np.arange(30), 2), 30, seed=1)
    assert own["gru"]["log_loss"]["value"] == pytest.approx(-log_p.mean() - 0.25)
    assert own["gru"]["log_loss"]["ci95"][0] < own["gru"]["log_loss"]["value"] - 0.01
    assert [minus["pop"]["log_loss"]["value"], *minus["pop"]["log_loss"]["ci95"]] == pytest.approx([-0.25] * 3)
    assert minus["pop"]["hr@5"]["value"] == minus["pop"]["hr@5"]["ci95"][1] == 1.0
    assert 0.7 < minus["pop"]["hr@5"]["ci95"][0] < 0.9  # all of 30 sequences agree, and 30 are few
    assert "gru minus baseline" in table(own, minus)


def test_figures_without_a_value_are_none() -> None:
    missed = ranked([50, 50], [np.nan, np.nan])
    own, minus = figures({"gru": missed, "pop": missed}, np.array([0, 1]), 2, seed=1)
    assert own["gru"]["log_loss"] == {"value": None, "ci95": [None, None]}
    assert "log_loss" not in own["pop"]
    assert "log_loss" not in minus["pop"]
    assert json.loads(json.dumps(own))["gru"]["hr@5"]["value"] == 0.0
    assert " -" in table(own, minus)


def test_a_sequence_takes_sixteen_bytes_a_figure_and_little_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """Contract: what intervals of many sequences take is their sums, held once; four times as many take four times."""
    monkeypatch.setattr(bootstrap, "_WEIGHTS", 1)

    def peak_bytes(sequences: int) -> int:
        one = ranked([3] * sequences, [-1.0] * sequences)
        found = dict.fromkeys(("gru", "pop", "spop", "markov", "vsknn", "ngram"), one)
        tracemalloc.start()
        try:
            figures(found, np.arange(sequences), sequences, seed=1)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    few, many = peak_bytes(1_000), peak_bytes(4_000)
    assert tuple(per_target(ranked([3], [-1.0]).ranks)) == METRICS
    assert many - few < 3_000 * (6 * len(METRICS) * 16 + 400)
