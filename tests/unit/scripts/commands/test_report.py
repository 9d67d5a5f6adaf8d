"""The report of an exported decision log."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from tideline.scripts.analysis.figures import Log, calibration, drift, exploration, list_quality
from tideline.scripts.commands.report import main

HOUR_MS = 3_600_000


def log(rows: list[dict[str, Any]]) -> Log:
    """A log of rows with what a test does not care about filled in."""
    given = [{"user": 0, "list": at, "position": 0, "ts_ms": at, "action": 0, "click": 0, "explored": False,
              "predicted": 0.1, "reward": 0.0} | row for at, row in enumerate(rows)]  # fmt: skip

    def column(name: str, kind: type) -> Any:
        return np.array([row[name] for row in given], kind)

    none = np.zeros(len(rows))
    return Log(
        user=column("user", np.int64), shown_list=column("list", np.int64), position=column("position", np.int64),
        ts_ms=column("ts_ms", np.int64), action=column("action", np.int64), actions=("a", "b", "c", "d"), groups={},
        click=column("click", np.float64), conversion=none, revenue=none, explored=column("explored", np.bool_),
        propensity=none + np.nan, eligible=none.astype(np.int64) + 4,
        mature=np.ones(len(rows), np.bool_), predicted=column("predicted", np.float64),
        reward=column("reward", np.float64),
    )  # fmt: skip


def test_lists_are_judged_by_the_clicks_that_follow() -> None:
    """Contract: by hand: list 0 shows a, b; its user clicks b there, c an hour later, d after the stretch of time."""
    found = log([
        {"list": 0, "action": 0}, {"list": 0, "action": 1, "position": 1, "click": 1},
        {"list": 1, "action": 2, "ts_ms": HOUR_MS, "click": 1},
        {"list": 2, "action": 3, "ts_ms": 25 * HOUR_MS, "click": 1},
        {"list": 3, "user": 1, "action": 2, "ts_ms": 26 * HOUR_MS},
    ])  # fmt: skip
    first = np.array([True, True, False, False, False])
    ideal = 1 + 1 / np.log2(3)
    assert list_quality(found, first, days=1.0) == {
        "precision": 0.5, "hit_rate": 1.0, "recall": 0.5, "ndcg": pytest.approx((1 / np.log2(3)) / ideal, abs=1e-6),
    }  # fmt: skip
    assert list_quality(found, np.arange(5) == 4, days=1.0) == {
        "precision": 0.0, "hit_rate": 0.0, "recall": None, "ndcg": None,
    }  # fmt: skip


def test_calibration_compares_what_was_expected_with_what_came() -> None:
    """Contract: predictions that are right have a distance near 0, ones that are double have their own size / 2."""
    rng = np.random.default_rng(1)
    truth = rng.uniform(0.02, 0.2, 20_000)
    rewards = (rng.random(20_000) < truth).astype(float)
    right = [{"predicted": p, "reward": r} for p, r in zip(truth.tolist(), rewards.tolist(), strict=True)]
    double = [{**row, "predicted": 2 * row["predicted"]} for row in right]
    assert calibration(log(right))["error"] < 0.01
    assert calibration(log(double))["error"] == pytest.approx(truth.mean(), rel=0.1)


def test_drift_is_alarmed_only_when_the_newest_time_differs() -> None:
    rng = np.random.default_rng(2)

    def shown(newest: float) -> Log:
        rates = np.where(np.arange(20_000) > 18_000, newest, 0.05)
        clicks = rng.random(20_000) < rates
        return log([{"user": at % 997, "click": float(c), "predicted": 0.05, "reward": float(c)}
                    for at, c in enumerate(clicks.tolist())])  # fmt: skip

    assert not drift(shown(0.05))["alarm"]
    assert drift(shown(0.15))["alarm"]


def test_exploration_names_what_was_hardly_shown() -> None:
    found = exploration(log([{"action": at % 2, "explored": at < 30} for at in range(300)]))
    assert (found["explored_share"], found["cold"]) == (0.1, ["c", "d"])
    assert found["selection_entropy"] == pytest.approx(np.log(2), abs=1e-4)


def write(path: Path, names: dict[str, Any]) -> Path:
    parquet.write_table(pa.table(names), path)
    return path


def columns(count: int) -> dict[str, Any]:
    return {
        "decision_id": [f"{at % 7:016x}/1.{at}.1" for at in range(count)],
        "user": [f"{at % 7:016x}" for at in range(count)], "action": ["<a>", "b"] * (count // 2),
        "position": [0] * count, "ts_ms": list(range(count)), "policy": ["linucb"] * count,
        "encoder_version": [3] * count, "arm": [""] * count, "explored": [False] * count,
        "propensity": [0.98] * count, "eligible": [2] * count,
        "mean": pa.array([None] * count, pa.float64()), "click": [at % 2 for at in range(count)],
        "conversion": [0] * count, "revenue": [0.0] * count, "mature": [at < count // 2 for at in range(count)],
    }  # fmt: skip


def test_a_page_and_a_document_come_out_of_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Contract: names from outside are escaped; immature impressions count in one rate and not in the other."""
    log_file = write(tmp_path / "log.parquet", columns(40))
    assert main(["--log", str(log_file), "--html", str(tmp_path / "r.html"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["by"]["activity"]["b"]["ctr"], found["by"]["policy"]["linucb"]["mature_share"]) == (1.0, 0.5)
    assert [found["by"]["activity"][name]["immature"] for name in ("<a>", "b")] == [10, 10]
    text = (tmp_path / "r.html").read_text()
    assert "&lt;a&gt;" in text
    assert "alarm above 4" in text
    assert "Too few clicks to tell whether people go on" in text
    assert "<a>" not in text


def test_places_are_told_with_the_order_that_makes_the_learner_know_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Contract: of random pairs whose second entry is clicked half as often: 0.5 inside its interval, and the order."""
    count = 6_000
    rng = np.random.default_rng(6)
    given = columns(2 * count) | {
        "decision_id": [f"{at % 500:016x}/1.{at}.1" for at in range(count) for _ in range(2)],
        "user": [f"{at % 500:016x}" for at in range(count) for _ in range(2)],
        "position": [0, 1] * count,
        "action": np.where(rng.random((count, 1)) < 0.5, [["a", "b"]], [["b", "a"]]).ravel(),
        "propensity": [0.5, 1.0] * count,
        "click": (rng.random(2 * count) < np.tile([0.2, 0.1], count)).astype(int),
    }
    log_file = str(write(tmp_path / "log.parquet", given))
    assert main(["--log", log_file, "--html", str(tmp_path / "r.html"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["examination"]
    low, high = found["places"][1]["examined_ci95"]
    assert low < 0.5 < high < 0.6
    assert found["order"] == f"places=[1.00,{found['places'][1]['examined']:.2f}]"
    assert found["places"][0]["swaps_with_next"] == count
    assert f"<td>{found['places'][1]['examined']:.4g}</td>" in (tmp_path / "r.html").read_text()
    assert main(["--log", log_file]) == 0
    told = capsys.readouterr().out
    assert f"scripts/control examination {found['order']}" in told
    assert f"scripts/control examination {found['cascade_order']}" in told


def test_places_without_enough_clicks_are_told_to_be_unknown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Contract: a line says why, and no order is advised."""
    log_file = str(write(tmp_path / "log.parquet", columns(30) | {"position": [0, 1, 2] * 10}))
    assert main(["--log", log_file]) == 0
    told = capsys.readouterr().out
    assert "places 1 to 2: too few clicks where the order was drawn" in told
    assert "scripts/control" not in told


def test_a_file_without_a_column_is_refused_by_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = columns(4)
    del given["click"]
    assert main(["--log", str(write(tmp_path / "log.parquet", given))]) == 1
    assert "missing: click" in capsys.readouterr().err


def test_intervals_of_a_report_hold_for_small_counts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Contract: no clicks of few users are not certainly none, all of few not certainly all; no bound is negative."""
    given = columns(14) | {"action": ["a"] * 12 + ["b"] * 2, "click": [0] * 12 + [1] * 2}
    assert main(["--log", str(write(tmp_path / "log.parquet", given)), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["by"]["activity"]
    assert found["a"]["ctr_ci95"][0] == 0.0
    assert found["a"]["ctr_ci95"][1] > 0.2
    assert found["b"]["ctr_ci95"][0] < 0.35
    assert found["b"]["ctr_ci95"][1] == 1.0
