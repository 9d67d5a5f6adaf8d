"""Training end to end on data small enough for a unit test, with the torch of the machine."""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tideline.models import fit, train
from tideline.models.data import read
from tideline.models.scorer import Scorer

FAST = {"hidden": 12, "item_width": 8, "category_width": 6, "epochs": 3, "batch": 64, "item_buckets": 7}


def written(path: Path, rows: list[tuple[Any, ...]], columns: str = "sequence_id,item_id,ts_ms,category") -> Path:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([columns.split(","), *rows])
    return path


def cycles(count: int = 40, length: int = 9) -> list[tuple[Any, ...]]:
    """Sequences in which item k is followed by item k + 1 of 6; equal times within two sequences each."""
    return [
        (f"s{s}", f"i{(s + k) % 6}", 1_000 * (s // 2) + k, f"c{(s + k) % 3}")
        for s in range(count)
        for k in range(length)
    ]


def run(folder: Path, data: Path, *more: str, name: str = "m", **params: Any) -> Path:
    path = folder / "params.json"
    path.write_text(json.dumps(FAST | params))
    arguments = [
        "--data",
        str(data),
        "--out",
        str(folder / name),
        "--params",
        str(path),
        "--device",
        "cpu",
        "--threads",
        "1",
        *more,
    ]
    assert train.main(arguments) == 0
    return folder / name


def test_a_trained_folder_predicts_what_it_was_trained_on(tmp_path: Path) -> None:
    data = written(tmp_path / "cycles.csv", cycles())
    folder = run(tmp_path, data, epochs=30, learning_rate=0.02, patience=30, dropout=0.0)
    events = read(data)
    rows = np.setdiff1d(np.arange(events.item.size), events.starts[:-1])
    scorer = Scorer.load(folder)
    of_both = (("item", events.item, events.item_names), ("category", events.category, events.category_names))
    for of, codes, names in of_both:
        log_p = scorer.log_scores(events, rows, of, names)  # type: ignore[arg-type]
        assert np.exp(log_p).sum(axis=1) == pytest.approx(1.0, abs=1e-3)
        assert (log_p.argmax(axis=1) == codes[rows]).mean() > 0.95
    manifest = json.loads((folder / "manifest.json").read_text())
    assert set(manifest["training"]) == {
        "data", "range", "split", "seed", "epochs", "ended", "config", "metrics",
    }  # fmt: skip
    assert manifest["training"]["metrics"]["gru"]["item_log_loss"] < 0.5
    assert not (tmp_path / "m.checkpoint").exists()


@pytest.mark.parametrize(
    ("what", "rows"),
    [
        ("twenty sequences", cycles(20, 3)),
        ("no categories", [(*row[:3], "") for row in cycles(20, 3)]),
        ("no items", [(row[0], "", row[2], row[3]) for row in cycles(20, 3)]),
        ("equal times", [(*row[:2], 5, row[3]) for row in cycles(20, 3)]),
        ("items seen once", [(s, f"i{s}-{k}", 10 * s + k, "") for s in range(20) for k in range(3)]),
        ("sequences of one event", cycles(20, 1)),
        ("one event", cycles(1, 1)),
        ("nothing but gaps", [("a", "", 5, ""), ("a", "", 6, "")]),
    ],
)
def test_any_data_makes_a_model_that_can_be_served(tmp_path: Path, what: str, rows: list[tuple[Any, ...]]) -> None:
    data = written(tmp_path / "events.csv", rows)
    scorer = Scorer.load(run(tmp_path, data))
    events = read(data)
    targets = np.setdiff1d(np.arange(events.item.size), events.starts[:-1])
    assert scorer.log_scores(events, targets, "item", events.item_names).shape == (targets.size, events.item_names.size)


@pytest.mark.parametrize(
    "params", [{"loss": "bpr_max"}, {"loss": "gbce"}, {"negatives": 5}, {"negatives": 5, "loss": "gbce"}]
)
def test_every_loss_learns(tmp_path: Path, params: dict[str, Any]) -> None:
    data = written(tmp_path / "cycles.csv", [(*row[:3], "") for row in cycles()])
    folder = run(tmp_path, data, epochs=30, learning_rate=0.02, patience=30, dropout=0.0, **params)
    events = read(data)
    rows = np.setdiff1d(np.arange(events.item.size), events.starts[:-1])
    log_p = Scorer.load(folder).log_scores(events, rows, "item", events.item_names)
    assert (log_p.argmax(axis=1) == events.item[rows]).mean() > 0.9


def test_one_seed_gives_one_model_and_another_another(tmp_path: Path) -> None:
    data = written(tmp_path / "cycles.csv", cycles())
    models = [run(tmp_path, data, "--seed", seed, name=f"m{at}") for at, seed in enumerate(("3", "3", "4"))]
    first, again, other = [(folder / "model.onnx").read_bytes() for folder in models]
    assert first == again
    assert first != other


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


def test_bad_arguments_are_refused_by_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert train.main(["--data", str(tmp_path / "none.csv"), "--out", str(tmp_path / "m")]) == 2
    assert "none.csv" in capsys.readouterr().err
