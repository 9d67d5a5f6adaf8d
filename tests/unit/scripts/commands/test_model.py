"""Contract: models are published through the gates, rolled back and listed; refused, nothing changes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.model_folders import model_folder, write_sequences
from tideline.scripts.commands import model, tideline
from tideline.scripts.parsers.verbs import parser_of

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "models"
    folder.mkdir()
    model_folder(folder, "demo-1", 0.5)
    model_folder(folder, "demo-2", 1.0)
    return folder


@pytest.fixture
def data(tmp_path: Path) -> list[str]:
    test, train = write_sequences(tmp_path / "test.csv", 2), write_sequences(tmp_path / "train.csv", 1)
    return ["--data", str(test), "--train", str(train), "--most-us", "1e6", "--slowdown", "1e6"]


def run(root: Path, *argv: str) -> int:
    return tideline.main(["model", *argv, "--registry", str(root)])


def states(root: Path, capsys: Captured) -> dict[str, str]:
    capsys.readouterr()
    assert run(root, "list", "--json") == 0
    return {each["name"]: each["state"] for each in json.loads(capsys.readouterr().out)}


def test_publish_roll_back_and_list(root: Path, data: list[str], capsys: Captured) -> None:
    assert states(root, capsys) == {"demo-1": "", "demo-2": ""}
    for name in ("demo-1", "demo-2"):
        assert run(root, "publish", name, *data, "--registry-only") == 0
    assert states(root, capsys) == {"demo-1": "previous", "demo-2": "current"}
    assert run(root, "rollback", "--registry-only") == 0
    assert states(root, capsys) == {"demo-1": "current", "demo-2": "previous"}


def test_a_refused_model_is_named_with_its_gate_and_nothing_changes(
    root: Path, data: list[str], capsys: Captured
) -> None:
    assert run(root, "publish", "demo-2", *data, "--registry-only") == 0
    before = (root / "pointers.json").read_bytes()
    capsys.readouterr()
    assert run(root, "publish", "demo-1", *data, "--registry-only") == 1
    out = capsys.readouterr().out
    assert "REFUSED metrics  worse in" in out
    assert "demo-1 is refused by: metrics; demo-2 stays current" in out
    assert (root / "pointers.json").read_bytes() == before


def test_an_order_that_cannot_be_given_leaves_the_registry(root: Path, data: list[str], capsys: Captured) -> None:
    """Contract: the registry never says current of a model that the job was not told of."""
    assert run(root, "publish", "demo-1", *data, "--stack", "no-such-stack") == 1
    assert "no-such-stack" in capsys.readouterr().err
    assert states(root, capsys) == {"demo-1": "", "demo-2": ""}


@pytest.mark.parametrize("argv", [["list"], ["rollback", "--registry-only"], ["publish", "demo-1", "--registry-only"]])
def test_a_registry_that_is_not_there_is_refused_by_name(
    argv: list[str], data: list[str], tmp_path: Path, capsys: Captured
) -> None:
    """Contract: a misspelled folder is no empty registry."""
    missing = tmp_path / "no-such-registry"
    assert run(missing, *argv, *(data if argv[0] == "publish" else [])) == 1
    assert f"--registry='{missing}' cannot be used; allowed: a folder that is there" in capsys.readouterr().err


def test_a_registry_without_a_model_is_told(tmp_path: Path, capsys: Captured) -> None:
    assert run(tmp_path, "list") == 0
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", f"model list: no model in {tmp_path}\n")


def test_the_keys_of_the_list_are_those_that_are_told(root: Path, capsys: Captured) -> None:
    (root / "demo-2" / "model.onnx").write_bytes(b"")
    assert run(root, "list", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    told = parser_of("model").sub_verbs()["list"].keys.keys()
    assert found[0].keys() | found[1].keys() == told
    assert found[0].keys() == told - {"refused"}


def test_the_keys_of_an_evaluation_are_those_that_are_told(root: Path, data: list[str], capsys: Captured) -> None:
    """Contract: with a model; without one all but its own."""
    argv = ["model", "evaluate", *data[:4], "--baselines", "pop", "--workers", "1", "--json"]
    told = parser_of("model").sub_verbs()["evaluate"].keys.keys()
    for more, keys in ((["--model", str(root / "demo-1")], told), ([], told - {"gru"})):
        assert tideline.main([*argv, *more]) == 0
        assert json.loads(capsys.readouterr().out).keys() == keys


def test_without_a_previous_model_there_is_no_way_back(root: Path, capsys: Captured) -> None:
    assert run(root, "rollback", "--registry-only") == 1
    assert "no previous model" in capsys.readouterr().err


def test_a_broken_folder_is_listed_with_its_reason(root: Path, capsys: Captured) -> None:
    (root / "demo-2" / "model.onnx").write_bytes(b"")
    assert run(root, "list") == 0
    lines = capsys.readouterr().out.splitlines()
    assert "sha256" in next(line for line in lines if line.startswith("demo-2"))


def test_a_model_that_a_time_limit_cut_short_is_marked(root: Path, data: list[str], capsys: Captured) -> None:
    """Contract: neither a list nor a publication is silent about it."""
    path = root / "demo-2" / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["training"]["undone"] = "73% of the passes"
    path.write_text(json.dumps(manifest))
    assert run(root, "list") == 0
    marked = [line for line in capsys.readouterr().out.splitlines() if line.endswith("NOT FULLY TRAINED")]
    assert [line.split()[0] for line in marked] == ["demo-2"]
    assert run(root, "publish", "demo-2", *data, "--registry-only") == 0
    assert "demo-2 is not fully trained; its time limit left undone: 73% of the passes" in capsys.readouterr().out


def test_the_help_of_training_needs_no_torch(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    monkeypatch.setattr("tideline.scripts.commands.model.find_spec", lambda name: None)
    for argv, status in ((["--help"], 0), ([], 2)):
        with pytest.raises(SystemExit) as left:
            tideline.main(["model", "train", *argv])
        assert left.value.code == status
    assert "--params" in capsys.readouterr().out


def test_training_without_torch_says_what_to_install(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    monkeypatch.setattr(model, "find_spec", lambda name: None)
    assert tideline.main(["model", "train", "--data", "x.csv", "--out", "y"]) == 1
    assert "scripts/setup --train" in capsys.readouterr().err


@pytest.mark.parametrize("source", ["kafka://h/t", "kafka://h:x/t", "kafka://h:1", "kafka://h:1/", "kafka:///t"])
def test_a_topic_to_train_from_has_an_address(source: str, data: list[str], capsys: Captured) -> None:
    assert tideline.main(["model", "evaluate", *data[:4], "--data", source]) == 1
    said = capsys.readouterr().err
    assert f"--data='{source}' cannot be used; allowed: kafka://HOST:PORT/TOPIC" in said
    assert said.count("\n") == 1
