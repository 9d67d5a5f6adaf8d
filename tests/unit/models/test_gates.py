"""Contract: a model is published only when it loads, follows torch, predicts no worse and costs no more."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.support.model_folders import change_manifest, model_folder, write_sequences
from tideline.models import gates
from tideline.models.gates import Trial, judge
from tideline.schemas.errors import ConfigError


@pytest.fixture(autouse=True)
def _timed_briefly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gates, "ROUND_S", 0.0)


@pytest.fixture
def trial(tmp_path: Path) -> Trial:
    train, test = write_sequences(tmp_path / "train.csv", 1), write_sequences(tmp_path / "test.csv", 2)
    return Trial(test, train, "all", "item", most_us=1e6, slowdown=1e6)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "models").mkdir()
    return tmp_path / "models"


@pytest.fixture
def present(root: Path) -> Path:
    return model_folder(root, "demo-1", 0.5)


def refusals(folder: Path, present: Path | None, trial: Trial) -> dict[str, str]:
    return {gate: detail for gate, passed, detail in judge(folder, present, trial) if not passed}


def test_a_better_model_passes_every_gate_and_each_says_its_figures(root: Path, present: Path, trial: Trial) -> None:
    found = {verdict.gate: verdict for verdict in judge(model_folder(root, "demo-2", 1.0), present, trial)}
    assert list(found) == ["load", "version", "parity", "metrics", "latency"]
    assert all(verdict.passed for verdict in found.values())
    assert "at most 1e-05" in found["parity"].detail
    assert "no worse than demo-1 on 750 targets" in found["metrics"].detail
    assert "log_loss -" in found["metrics"].detail
    assert "us an event at batch 128" in found["latency"].detail


def test_the_first_model_has_nothing_to_be_held_against(root: Path, trial: Trial) -> None:
    (verdict,) = [each for each in judge(model_folder(root, "demo-1", 1.0), None, trial) if each.gate == "metrics"]
    assert verdict.passed
    assert "no present model" in verdict.detail


def test_a_worse_model_is_refused_with_the_metrics_that_fell(root: Path, present: Path, trial: Trial) -> None:
    found = refusals(model_folder(root, "demo-2", -0.5), present, trial)
    assert list(found) == ["metrics"]
    assert found["metrics"].startswith("worse in hr@20, ndcg@20, mrr@20, log_loss than demo-1")


def test_a_model_that_is_equal_but_for_chance_passes(root: Path, present: Path, trial: Trial) -> None:
    """Contract: refused is what is worse beyond its interval; the same head on another step is not."""
    assert refusals(model_folder(root, "demo-2", 0.5), present, trial) == {}


def test_a_step_that_leaves_the_stored_trajectory_is_refused(root: Path, present: Path, trial: Trial) -> None:
    folder = model_folder(root, "demo-2", 1.0)
    with np.load(folder / "golden.npz") as golden:
        stored = {name: golden[name].copy() for name in golden.files}
    stored["h"][499, 3] += 2e-5
    np.savez_compressed(folder / "golden.npz", **stored)
    found = refusals(folder, present, trial)
    assert list(found) == ["parity"]
    assert "at most 1e-05" in found["parity"]


@pytest.mark.parametrize("damage", ["missing", "short", "no archive"])
def test_a_trajectory_that_proves_nothing_is_refused(root: Path, present: Path, trial: Trial, damage: str) -> None:
    folder = model_folder(root, "demo-2", 1.0)
    with np.load(folder / "golden.npz") as golden:
        short = {name: golden[name][:499] for name in golden.files}
    (folder / "golden.npz").unlink()
    if damage == "short":
        np.savez_compressed(folder / "golden.npz", **short)
    elif damage == "no archive":
        (folder / "golden.npz").write_bytes(b"golden")
    assert list(refusals(folder, present, trial)) == ["parity"]


def test_a_model_that_does_not_load_is_refused_with_the_loaders_reason(root: Path, present: Path, trial: Trial) -> None:
    folder = model_folder(root, "demo-2", 1.0)
    (folder / "model.onnx").write_bytes(b"")
    assert [verdict.gate for verdict in judge(folder, present, trial)] == ["load"]
    assert "sha256" in refusals(folder, present, trial)["load"]


def test_a_model_whose_head_is_not_its_own_is_refused(root: Path, present: Path, trial: Trial) -> None:
    folder = model_folder(root, "demo-2", 1.0)
    (folder / "head.npz").write_bytes((present / "head.npz").read_bytes())
    assert list(refusals(folder, present, trial)) == ["load"]


def test_a_version_of_another_model_is_refused(root: Path, present: Path, trial: Trial) -> None:
    """Contract: states, tokens and sums carry the number alone, so no two models may share one."""
    folder = model_folder(root, "demo-2", 1.0)
    change_manifest(folder, version=1)
    found = refusals(folder, present, trial)
    assert list(found) == ["version"]
    assert "demo-1" in found["version"]


@pytest.mark.parametrize(
    ("own", "limits", "refused"),
    [(3.0, (2.0, 9.0), True), (1.9, (2.0, 9.0), False), (1.9, (9.0, 1.5), True), (1.4, (9.0, 1.5), False)],
)
def test_a_step_may_cost_so_much_and_so_many_times_the_present_one(
    monkeypatch: pytest.MonkeyPatch,
    root: Path,
    present: Path,
    trial: Trial,
    own: float,
    limits: tuple[float, float],
    refused: bool,
) -> None:
    """Contract: by hand, with a present model of 1.0 us: 1.9 is within 2.0 but more than 1.5 times as slow."""
    monkeypatch.setattr(gates, "step_us", lambda encoder, batch, seconds: own if encoder.version == 2 else 1.0)
    trial = replace(trial, most_us=limits[0], slowdown=limits[1])
    assert ("latency" in refusals(model_folder(root, "demo-2", 1.0), present, trial)) is refused


def test_a_present_model_that_cannot_be_scored_is_a_refusal(root: Path, present: Path, trial: Trial) -> None:
    (present / "head.npz").unlink()
    assert list(refusals(model_folder(root, "demo-2", 1.0), present, trial)) == ["present"]


@pytest.mark.parametrize("held_against", [False, True])
def test_targets_that_training_does_not_know_have_no_log_loss(
    root: Path, present: Path, trial: Trial, tmp_path: Path, held_against: bool
) -> None:
    """Contract: what cannot be measured is left out of the verdict, and no error."""
    strange = tmp_path / "strange.csv"
    strange.write_text("sequence_id,item_id,ts_ms\ns1,sku-1,5\ns1,unheard-of,6\n")
    verdicts = judge(model_folder(root, "demo-2", 1.0), present if held_against else None, replace(trial, test=strange))
    (found,) = [verdict for verdict in verdicts if verdict.gate == "metrics"]
    assert found.passed
    assert "hr@20" in found.detail
    assert "log_loss" not in found.detail


def test_data_without_a_target_is_no_verdict(root: Path, trial: Trial, tmp_path: Path) -> None:
    single = tmp_path / "single.csv"
    single.write_text("sequence_id,item_id,ts_ms\ns1,sku-1,5\n")
    with pytest.raises(ConfigError, match=r"single\.csv"):
        list(judge(model_folder(root, "demo-1", 1.0), None, replace(trial, test=single)))
