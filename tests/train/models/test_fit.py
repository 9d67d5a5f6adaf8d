"""How training ends, and goes on."""

import json
from pathlib import Path

import pytest

from tests.support.training import cycles, run, written
from tideline.models import fit


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
    assert (parts / "model.onnx").read_bytes() == (whole / "model.onnx").read_bytes()


def test_no_time_left_ends_with_the_best_weights_and_says_so(tmp_path: Path) -> None:
    data = written(tmp_path / "cycles.csv", cycles())
    folder = run(tmp_path, data, "--minutes", "0.01", epochs=100_000, patience=100_000)
    assert json.loads((folder / "manifest.json").read_text())["training"]["ended"].startswith("time: ")
