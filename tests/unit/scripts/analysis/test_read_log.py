"""Logs of decisions from files of anybody's."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from tests.support.ope_files import Captured, rows, run, write
from tideline.schemas.errors import ConfigError
from tideline.scripts.analysis.read_log import read_log
from tideline.scripts.benchmarks.offline.ope_lists import draw_lists
from tideline.scripts.commands import ope


def test_rows_without_a_propensity_are_left_out_and_counted(tmp_path: Path, capsys: Captured) -> None:
    content = rows(3_000) + rows(50, propensity="", reward=1)
    found = run(capsys, "--log", write(tmp_path / "log.csv", content), "--policy", "uniform")
    assert found["logged"]["left_out"] == {"no propensity": 50}
    assert found["diagnostics"]["rows"] == 3_000


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"propensity": 1.5}, "column propensity.*above 0 and at most 1; row 1"),
        ({"propensity": 0}, "column propensity"),
        ({"reward": "much"}, "column reward.*numbers"),
        ({"x_a": ""}, "column x_a.*finite number in every row; row 1"),
        ({"action": ""}, "column action.*text in every row"),
        ({"position": -1}, "column position.*whole numbers from 0"),
        ({"eligible": 0}, "column eligible"),
    ],
)
def test_a_bad_value_is_refused_with_file_column_and_row(
    changes: dict[str, Any], complaint: str, tmp_path: Path
) -> None:
    log = write(tmp_path / "log.csv", rows(20, **changes))
    with pytest.raises(ConfigError, match=f"(?s)log.csv.*{complaint}"):
        read_log(log)


def test_a_missing_column_or_file_is_a_clear_message(tmp_path: Path, capsys: Captured) -> None:
    log = write(tmp_path / "log.csv", [{"reward": 1, "propensity": 1}])
    for argv in (["--log", str(log)], ["--log", str(tmp_path / "none.csv")]):
        assert ope.main([*argv, "--policy", "uniform"]) == 1
        assert "cannot be used; allowed:" in capsys.readouterr().err


def test_lists_are_read_from_parquet(tmp_path: Path, capsys: Captured) -> None:
    """Contract: rows in any order; rows of one decision are a list; what lies below a gap is left out."""
    log = draw_lists(2_000, 5)
    order = np.random.default_rng(6).permutation(log.rows)
    table = {
        "decision_id": [f"d{at}" for at in log.decision[order]],
        "position": log.position[order] + 1,
        "action": [log.arms[at] for at in log.action[order]],
        "propensity": log.propensity[order],
        "reward": log.reward[order],
        "ts_ms": log.decision[order],
    }
    path = tmp_path / "log.parquet"
    parquet.write_table(pa.table(table), path)
    read = read_log(path).log
    for name in ("action", "propensity", "reward", "decision", "position", "eligible"):
        assert (getattr(read, name) == getattr(log, name)).all()
    found = run(capsys, "--log", path, "--policy", "uniform")
    per_list = log.reward.sum() / 2_000
    for each in ("independent", "rips", "pseudo_inverse"):
        assert found["lists"][each]["value"] == pytest.approx(per_list)
    second_of_d7 = int(np.flatnonzero(order == 3 * 7 + 1)[0])
    parquet.write_table(pa.table(table).take([at for at in range(log.rows) if at != second_of_d7]), path)
    assert read_log(path).left_out == {"below a gap in their list": 1}


def test_only_rows_of_the_newest_encoder_are_read(tmp_path: Path) -> None:
    """Contract: contexts of two encoders never meet."""
    content = rows(20, encoder_version=1) + rows(30, encoder_version=2)
    read = read_log(write(tmp_path / "log.csv", content))
    assert (read.log.rows, read.left_out) == (30, {"another encoder": 20})


def test_other_peoples_files_are_read_or_refused_by_column(tmp_path: Path, capsys: Captured) -> None:
    """Contract: decimals, an action called NA; a tiny propensity and two columns of one name are one line each."""
    path = tmp_path / "log.parquet"
    half = pa.array([Decimal("0.5")] * 2)
    parquet.write_table(pa.table({"action": ["DE", "NA"], "reward": [0, 1], "propensity": half}), path)
    assert read_log(path).log.arms == ("DE", "NA")
    for text, complaint in (
        ("action,reward,propensity\na,0,0.5\nb,0,1e-300\n", "column propensity' cannot be used; allowed: numbers from"),
        ("action,reward,propensity,reward\na,0,0.5,1\n", "column reward' cannot be used; allowed: one column of each"),
    ):
        log = tmp_path / "log.csv"
        log.write_text(text)
        assert ope.main(["--log", str(log), "--policy", "uniform"]) == 1
        said = capsys.readouterr().err
        assert complaint in said
        assert said.count("\n") == 1


def test_contexts_that_are_not_called_so_are_named(tmp_path: Path, capsys: Captured) -> None:
    """Contract: what is not read is said; the columns of our own export need no word."""
    content = [row | {"age": at % 9, "mature": 1, "user": f"u{at % 99}"} for at, row in enumerate(rows(2_000))]
    found = run(capsys, "--log", write(tmp_path / "log.csv", content), "--policy", "uniform")
    assert found["warnings"] == ["columns that are not read: age; contexts are those whose names begin with x_"]
    assert found["decide_by"] == "dr"
    assert run(capsys, "--log", write(tmp_path / "log.csv", rows(2_000)), "--policy", "uniform")["warnings"] == []


def _with_features(**changes: float) -> list[dict[str, Any]]:
    """Rows of three actions, each with features of its own."""
    features = {name: [90.0, 10.0 * at, *[0.0] * 6] for at, name in enumerate("abc")}
    return [
        row | {f"feature_{at}": round(unit / 127, 7) for at, unit in enumerate(features[row["action"]])} | changes
        for row in rows(600)
    ]


def test_features_of_the_actions_are_read_where_all_are_there(tmp_path: Path) -> None:
    """Contract: in units of 1/127, one vector an action; a file that lacks a column tells none."""
    log = read_log(write(tmp_path / "log.csv", _with_features())).log
    assert log.features is not None
    assert log.features[:, :2].tolist() == [[90, 0], [90, 10], [90, 20]]
    less = [{name: value for name, value in row.items() if name != "feature_7"} for row in _with_features()]
    assert read_log(write(tmp_path / "less.csv", less)).log.features is None


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [({"feature_1": 0.5}, "whole 127ths"), ({"feature_0": 2.0}, "from -1 to 1"), ({"feature_2": ""}, "whole 127ths")],
)
def test_features_that_cannot_be_are_refused(changes: dict[str, Any], complaint: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=f"column {next(iter(changes))}.*{complaint}.*row 1"):
        read_log(write(tmp_path / "log.csv", _with_features(**changes)))


def test_an_action_has_one_vector_of_features(tmp_path: Path) -> None:
    content = _with_features()
    content[300] |= {"feature_3": 1.0}
    with pytest.raises(ConfigError, match=r"column feature_3.*the same number in all rows of an action; row 301"):
        read_log(write(tmp_path / "log.csv", content))


def test_pairs_are_read_where_the_log_tells_them(tmp_path: Path) -> None:
    """Contract: each row has its own, also where rows are put in order; a log without the column tells none."""
    content = [row | {"pair": 2**24 - 1 - at} for at, row in enumerate(rows(900))]
    found = read_log(write(tmp_path / "log.csv", content[::-1]))
    assert found.log.pair is not None
    assert found.log.pair.tolist() == [2**24 - 900 + at for at in found.file_row.tolist()]
    assert found.unread == []
    assert read_log(write(tmp_path / "less.csv", rows(900))).log.pair is None


@pytest.mark.parametrize("wrong", [2**24, -1, 0.5, ""])
def test_a_pair_that_cannot_be_is_refused(wrong: float | str, tmp_path: Path) -> None:
    content = [row | {"pair": 7} for row in rows(900)]
    content[12]["pair"] = wrong
    with pytest.raises(ConfigError, match=r"column pair.*row 13"):
        read_log(write(tmp_path / "log.csv", content))


def test_a_policy_that_shares_by_features_is_doubted_where_the_log_has_none(tmp_path: Path, capsys: Captured) -> None:
    """Contract: `ope` warns of `linucb_hybrid` on such a log, of nothing on one with features."""
    for content, warned in ((rows(1_500), True), (_with_features() * 3, False)):
        log = write(tmp_path / "log.csv", content)
        found = run(capsys, "--log", log, "--policy", "linucb_hybrid")
        assert any("feature_0 .. feature_7" in line for line in found["warnings"]) == warned


def test_the_rows_of_one_placement_are_read(tmp_path: Path) -> None:
    """Contract: of default lists where none is named; the others are counted, and of an encoder that only they have
    nothing is taken for newer."""
    content = rows(30, placement="", encoder_version=3) + rows(20, placement="cart", encoder_version=4)
    log = write(tmp_path / "log.csv", content)
    assert read_log(log).left_out == {"another placement": 20}
    found = read_log(log, placement="cart")
    assert (found.log.rows, found.left_out, found.unread) == (20, {"another placement": 30}, [])
    assert read_log(log, placement="hero").log.rows == 0
    with pytest.raises(ConfigError, match="placement"):
        read_log(write(tmp_path / "other.csv", rows(20)), placement="cart")
