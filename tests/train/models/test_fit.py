"""How training ends, and goes on."""

import itertools
import json
import time
from pathlib import Path
from typing import Any

import pytest

from tests.support.training import cycles, run, written
from tideline.models import fit
from tideline.scripts.localstack.busy_loops import busy

FILES = ("model.onnx", "head.npz")


def weights(folder: Path) -> list[bytes]:
    return [(folder / name).read_bytes() for name in FILES]


def told(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "manifest.json").read_text())["training"]
    return found


def test_resumed_training_ends_where_uninterrupted_training_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Contract: a checkpoint after each pass holds all that the rest depends on."""
    data = written(tmp_path / "cycles.csv", cycles())
    whole = run(tmp_path, data, name="whole")
    plain = fit.say

    def fail_in_the_third_pass(line: str) -> None:
        plain(line)
        if line.startswith("pass 2 "):
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(fit, "say", fail_in_the_third_pass)
        with pytest.raises(KeyboardInterrupt):
            run(tmp_path, data, name="parts")
    parts = run(tmp_path, data, "--resume", name="parts")
    assert weights(parts) == weights(whole)


def test_a_busy_machine_makes_the_same_model(tmp_path: Path) -> None:
    """Contract: the weights are a function of data, parameters and seed: a busy loop on each core changes no byte."""
    data = written(tmp_path / "cycles.csv", cycles())
    idle = run(tmp_path, data, name="idle")
    with busy():
        assert weights(run(tmp_path, data, name="busy")) == weights(idle)


def test_a_clock_that_runs_an_hour_a_look_changes_no_byte(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Contract: without a time limit nothing that is learned depends on any clock."""
    data = written(tmp_path / "cycles.csv", cycles())
    plain = run(tmp_path, data, name="plain")
    hours = itertools.count(step=3_600.0)
    with monkeypatch.context() as patched:
        patched.setattr(time, "monotonic", lambda: next(hours))
        slow = run(tmp_path, data, name="slow")
    assert weights(slow) == weights(plain)
    assert told(slow) == told(plain)
    assert told(slow)["undone"] == ""


def test_a_time_limit_ends_with_the_best_weights_and_says_loudly_what_it_left_undone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Contract: mark in the manifest, warning on stderr; resumed without a limit it ends as if there had been none."""
    data = written(tmp_path / "cycles.csv", cycles())
    whole = run(tmp_path, data, name="whole")
    capsys.readouterr()
    cut = run(tmp_path, data, "--minutes", "0", name="cut")
    assert told(cut)["ended"].startswith("time: ")
    assert told(cut)["undone"].startswith("100% of the passes")
    assert "WARNING" in (said := capsys.readouterr().err)
    assert told(cut)["undone"] in said
    resumed = run(tmp_path, data, "--resume", name="cut")
    assert weights(resumed) == weights(whole)
    assert told(resumed) == told(whole)


def test_a_time_limit_in_the_last_pass_is_told_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = written(tmp_path / "cycles.csv", cycles())
    clock = [0.0]
    plain = fit.say

    def an_hour_later(line: str) -> None:
        plain(line)
        clock[0] += 3_600.0 * line.startswith("ended: ")

    with monkeypatch.context() as patched:
        patched.setattr(fit, "say", an_hour_later)
        patched.setattr(time, "monotonic", lambda: clock[0])
        folder = run(tmp_path, data, "--minutes", "5")
    assert told(folder)["ended"].startswith("all 3 passes")
    assert told(folder)["undone"] == "100% of the last pass, over what was held out too"
    assert (tmp_path / "m.checkpoint").exists()


def test_a_budget_below_one_pass_ends_in_its_middle(tmp_path: Path) -> None:
    """Contract: `steps` bounds the work whatever the data; the manifest says how many passes it was."""
    data = written(tmp_path / "cycles.csv", cycles())
    assert told(run(tmp_path, data, steps=160))["ended"] == "all 0.5 passes"
