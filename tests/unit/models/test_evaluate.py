"""The command on small files, and the parts that put its figures together."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tideline.models.data import Sequences
from tideline.models.evaluate import BASELINES, main

ROOT = Path(__file__).parents[3]


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    lines = {
        "train": ["a,x,1,k", "a,y,2,m", "a,x,3,k", "b,x,1,k", "b,y,1,m", "b,z,1,", "c,y,5,m", "c,x,6,k"],
        "test": ["d,x,1,k", "d,y,2,m", "e,y,1,m", "f,z,1,", "f,new,2,new", "g,x,1,k", "g,y,1,m", "g,x,1,k"],
    }
    for name, rows in lines.items():
        (tmp_path / f"{name}.csv").write_text("\n".join(["sequence_id,item_id,ts_ms,category", *rows]) + "\n")
    return ["--data", str(tmp_path / "test.csv"), "--train", str(tmp_path / "train.csv"), "--workers", "1"]


def result(capsys: pytest.CaptureFixture[str], argv: list[str]) -> Any:
    assert main([*argv, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_the_json_has_every_metric_of_every_baseline_with_its_interval(
    capsys: pytest.CaptureFixture[str], files: list[str]
) -> None:
    found = result(capsys, files)
    counts = {key: found[key] for key in ("targets", "unknown_targets", "sequences", "skipped_sequences", "items")}
    assert counts == {"targets": 3, "unknown_targets": 1, "sequences": 3, "skipped_sequences": 1, "items": 3}
    baselines = found["baselines"]
    assert list(baselines) == list(BASELINES)
    for name, values in baselines.items():
        wanted = {f"{metric}@{k}" for metric in ("hr", "ndcg", "mrr") for k in (5, 10, 20)}
        wanted |= {"recall@20", "precision@20", "coverage@20"}
        assert set(values) - {"log_loss"} == wanted
        assert ("log_loss" in values) == (name in {"pop", "markov", "ngram"})
        assert values["hr@20"]["value"] == pytest.approx(2 / 3)
        for figure in values.values():
            low, high = figure["ci95"]
            assert low <= figure["value"] <= high


class Guess:
    """A model that thinks the item at hand most likely again."""

    def log_scores(
        self, data: Sequences, rows: NDArray[np.int64], of: str, names: NDArray[np.object_]
    ) -> NDArray[np.float32]:
        own, codes = (data.item_names, data.item) if of == "item" else (data.category_names, data.category)
        again = np.append(own, "")[codes[rows - 1]][:, None] == names
        probabilities = np.where(again, 0.8, 0.2 / (names.size - 1)).astype(np.float32)
        return np.log(probabilities)


def test_the_model_is_scored_beside_the_baselines_with_its_differences(
    capsys: pytest.CaptureFixture[str], files: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tideline.models.evaluate.Scorer.load", lambda folder: Guess())
    found = result(capsys, [*files, "--model", "m", "--target", "all"])
    assert list(found)[:3] == ["gru", "baselines", "differences"]
    assert found["gru"]["log_loss"]["value"] == pytest.approx(-np.log(0.1))  # none of d, g, g again; f: unknown
    assert set(found["differences"]) == set(BASELINES)
    for name, values in found["differences"].items():
        assert set(values) == set(found["baselines"][name])
        for metric, figure in values.items():
            difference = found["gru"][metric]["value"] - found["baselines"][name][metric]["value"]
            assert figure["value"] == pytest.approx(difference)
    alone = result(capsys, [*files, "--model", "m", "--of", "category", "--baselines", "none"])
    assert (alone["baselines"], alone["differences"]) == ({}, {})


def test_targets_and_categories_are_as_the_options_say(capsys: pytest.CaptureFixture[str], files: list[str]) -> None:
    every = result(capsys, [*files, "--target", "all", "--baselines", "pop"])
    assert (every["targets"], every["unknown_targets"], list(every["baselines"])) == (4, 1, ["pop"])
    of_category = result(capsys, [*files, "--target", "all", "--of", "category", "--baselines", "pop"])
    assert (of_category["targets"], of_category["items"]) == (4, 2)


def test_seen_items_are_not_ranked_when_masked(capsys: pytest.CaptureFixture[str], files: list[str]) -> None:
    found = result(capsys, [*files, "--mask-seen", "--baselines", "pop"])
    values = found["baselines"]["pop"]
    assert values["mrr@20"]["value"] == pytest.approx(1 / 3)  # d: y first of y, z; f: unknown; g: x was seen


def test_what_cannot_be_used_is_named_with_what_is_allowed(
    capsys: pytest.CaptureFixture[str], files: list[str], tmp_path: Path
) -> None:
    assert main([*files, "--baselines", "pop,best"]) == 1
    assert "baselines='best' cannot be used; allowed: pop, spop" in capsys.readouterr().err
    assert main([*files, "--model", str(tmp_path)]) == 1
    assert "model refused" in capsys.readouterr().err
    assert main([*files, "--baselines", "none"]) == 1
    assert "at least one where no --model is given" in capsys.readouterr().err
    lonely = tmp_path / "lonely.csv"
    lonely.write_text("sequence_id,item_id,ts_ms\na,x,1\nb,y,1\n")
    assert main(["--data", str(lonely), *files[2:]]) == 3
    assert "lonely.csv" in capsys.readouterr().err
    without = tmp_path / "without.csv"
    without.write_text("sequence_id,item_id,ts_ms\na,x,1\na,y,1\n")
    for argv in (["--data", str(without), *files[2:]], [*files[:2], "--train", str(without)]):
        assert main([*argv, "--of", "category"]) == 3
        assert "the category to predict" in capsys.readouterr().err


def test_the_table_marks_the_best_of_each_column(capsys: pytest.CaptureFixture[str], files: list[str]) -> None:
    assert main(files) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[1:7]] == list(BASELINES)
    assert lines[-1].startswith("sequences 3")
    assert "*" in "".join(lines[1:7])


def test_the_file_runs_from_anywhere_by_itself(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, ROOT / "models" / "evaluate.py", "--help"], cwd=tmp_path, capture_output=True, check=True
    )
    assert b"--mask-seen" in ran.stdout


def test_an_evaluation_on_what_was_trained_with_is_noticed(
    capsys: pytest.CaptureFixture[str], files: list[str]
) -> None:
    """Contract: targets that training has are counted and warned of; other users' same items are not meant."""
    assert result(capsys, files)["targets_in_training"] == 0
    both = ["--data", files[3], *files[2:]]
    assert main([*both, "--json"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["targets_in_training"] == 3
    assert "warning: 3 of the targets are events of --train too" in said.err


def test_a_share_that_all_sequences_agree_on_has_an_interval(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Contract: found by one visitor of one is not certainly found by all; equal figures are not certainly equal."""
    for name, who in (("train", "ab"), ("test", "c")):
        rows = [f"{each},{item},{at}" for each in who for at, item in enumerate("xy", 1)]
        (tmp_path / f"{name}.csv").write_text("\n".join(["sequence_id,item_id,ts_ms", *rows]) + "\n")
    files = ["--data", str(tmp_path / "test.csv"), "--train", str(tmp_path / "train.csv"), "--workers", "1"]
    for metric, most in (("hr@5", 1.0), ("ndcg@5", 1.0), ("precision@20", 0.05)):
        figure = result(capsys, [*files, "--baselines", "markov"])["baselines"]["markov"][metric]
        low, high = figure["ci95"]
        assert low < 0.6 * figure["value"] <= figure["value"] <= high <= most
