"""Contract: an experiment is told as `tideline experiment status` tells it; what cannot be judged says why."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from tideline.schemas.errors import ConfigError
from tideline.scripts.commands.experiment import arm_rates, report
from tideline.scripts.console.trials import AGAINST, GUARD, experiments

if TYPE_CHECKING:
    from pathlib import Path


def _log(folder: Path, users: int = 600, **changes: Any) -> Path:
    at = range(users)
    columns = {
        "user": [f"{user:016x}" for user in at],
        "experiment": ["spring"] * users,
        "arm": [("baseline", "wild")[user % 2] for user in at],
        "click": [user % 5 == 0 or (user % 2 == 1 and user % 3 == 0) for user in at],
        "conversion": [False] * users,
        "revenue": [0.0] * users,
        "mature": [True] * users,
    } | changes
    parquet.write_table(pa.table(columns), folder / "log.parquet")
    return folder / "log.parquet"


def test_each_arm_is_told_with_its_verdict_in_words(tmp_path: Path) -> None:
    path = _log(tmp_path)
    (told,) = experiments(path)["experiments"]
    assert told["id"] == "spring"
    wild = told["metrics"]["ctr"]["wild"]
    same = report(arm_rates(path, "spring"), AGAINST, GUARD)["ctr"]["wild"]
    assert {key: wild[key] for key in same} == same
    assert wild["verdict"] == "better"
    assert wild["says"] == "earns more, whenever one looks"
    assert "says" not in told["metrics"]["ctr"]["baseline"]
    json.dumps(told, allow_nan=False)


def test_a_young_experiment_says_how_many_users_it_takes(tmp_path: Path) -> None:
    (told,) = experiments(_log(tmp_path, 60))["experiments"]
    says = told["metrics"]["ctr"]["wild"]["says"]
    assert says == "the data cannot say yet; it takes 100 users in each arm at least"


def test_an_experiment_without_a_baseline_is_refused_word_for_word(tmp_path: Path) -> None:
    (told,) = experiments(_log(tmp_path, 10, arm=["wild"] * 10))["experiments"]
    assert (told["metrics"], "an arm with impressions" in told["refused"]) == ({}, True)


def test_rows_of_no_experiment_are_of_none(tmp_path: Path) -> None:
    assert experiments(_log(tmp_path, 10, experiment=[""] * 10))["experiments"] == []


def test_without_a_log_nothing_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="read what was shown first"):
        experiments(tmp_path / "absent")
    (tmp_path / "half.parquet").write_bytes(b"PAR1")
    with pytest.raises(ConfigError, match="--log"):
        experiments(tmp_path / "half.parquet")
