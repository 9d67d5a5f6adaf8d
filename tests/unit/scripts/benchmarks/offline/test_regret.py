"""The benchmark of regret: its arithmetic, on fewer seeds and rounds than are measured."""

from __future__ import annotations

import gzip
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tideline.schemas.errors import ConfigError
from tideline.scripts.benchmarks.offline import regret, regret_runs
from tideline.scripts.benchmarks.offline.regret_environments import BATCH, Contextual, contextual
from tideline.scripts.benchmarks.peers import peer_python
from tideline.udfs.core.policies.by_name import make_policy

if TYPE_CHECKING:
    from pathlib import Path


_ROWS, _ROUNDS = 2_000, 2_400


def _short(seed: int) -> Contextual:
    whole = contextual(seed)
    return whole._replace(x=whole.x[:_ROUNDS], means=whole.means[:_ROUNDS], rewards=whole.rewards[:_ROUNDS])


@pytest.mark.parametrize("text", sorted({*regret.LOW_CTR.values(), *regret.CONTEXTUAL.values()}))
def test_every_policy_that_is_measured_is_one_of_the_jobs(text: str) -> None:
    assert make_policy(text).name == text.partition(":")[0]


def test_a_replay_keeps_some_rows_of_a_uniform_log_and_their_clicks(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Contract: of each campaign, by policy; nobody keeps more than was logged."""
    monkeypatch.setattr(regret, "CAMPAIGNS", regret.CAMPAIGNS[:1])
    with gzip.open(regret._LOGS / "obd_all.csv.gz", "rt") as whole:
        beginning = "".join(islice(whole, _ROWS + 1))
    with gzip.open(tmp_path / "obd_all.csv.gz", "wt") as part:
        part.write(beginning)
    monkeypatch.setattr(regret, "_LOGS", tmp_path)
    found = regret.measure_obd(map)
    assert found.keys() == {"all"}
    logged = found["all"].pop("logged")
    assert found["all"].keys() == {"linucb", "thompson", "kl_ucb"}
    for each in found["all"].values():
        assert 0 < each["kept"] < logged["kept"] == _ROWS
        assert 0 <= each["clicks"] <= logged["clicks"]


def test_learning_later_costs_more_and_the_herd_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Contract: by delay, with impressions that count at once and without."""
    monkeypatch.setattr(regret, "DELAYS", {"0": 0, "10_min": 600})
    monkeypatch.setattr(regret, "UNSEEN", range(100, 101))
    monkeypatch.setattr(regret, "contextual", _short)
    monkeypatch.setattr(regret_runs, "ROUNDS", _ROUNDS)
    found = regret.measure_delay(map)
    for kind in ("pending", "together"):
        assert found["10_min"][kind]["mean"] > found["0"][kind]["mean"]
        assert found["0"][kind]["herd"] >= 0.9


def test_a_batch_that_has_one_arm_is_a_herd_and_a_draw_is_none() -> None:
    """Contract: 1 where arms of a batch are drawn by their shares in the run."""
    batches = 100
    drawn = np.random.default_rng(3).integers(0, 10, batches * BATCH)
    alone = np.repeat(np.random.default_rng(3).integers(0, 10, batches), BATCH)
    assert regret._herd(drawn) == pytest.approx(1.0, abs=0.05)
    assert regret._herd(alone) > 3.0


def test_without_the_other_libraries_nothing_is_compared(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(peer_python, "PYTHON", tmp_path / "none")
    with pytest.raises(ConfigError, match="scripts/setup --peers"):
        regret.with_peers({"low_ctr": {}})


def test_missing_libraries_are_told_before_anything_is_measured(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Contract: where a part has other libraries in it; one that has none does without them."""
    monkeypatch.setattr(peer_python, "PYTHON", tmp_path / "none")
    with pytest.raises(ConfigError, match="scripts/setup --peers"):
        regret.measure(["no such part", "contextual"], peers=True)
    with pytest.raises(ConfigError, match="scripts/setup --peers"):
        regret.measure(peers=True)
    assert not regret.compares(["entering", "drift", "delay"])


def test_parts_with_other_libraries_are_those_that_exist() -> None:
    assert set(regret.PARTS) > regret.OF_PEERS
