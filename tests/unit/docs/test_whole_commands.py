"""Contract: a command of a page that needs nothing but files runs to its end as it is printed."""

from __future__ import annotations

import json
import random
import shutil
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from tests.support.doc_commands import Documented, documented
from tests.support.doc_pages import ROOT
from tests.support.doc_walk import ON_FILES, is_on_files
from tests.support.ope_files import rows, write
from tests.support.wrong_activities import GOOD
from tideline.schemas import compat
from tideline.scripts.commands.tideline import main

if TYPE_CHECKING:
    from pathlib import Path

_ABOUT = {"c08-0042": '{"kind": "coupon", "variants": ["cow", "goat"]}'}
_WHOLE = sorted({each.words: each for each in documented() if is_on_files(each)}.values())


@pytest.mark.parametrize("command", _WHOLE, ids=str)
def test_a_command_on_files_runs_as_it_is_printed(
    command: Documented, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Contract: exit status 0, something on standard output, and every file that the page says is written."""
    _files(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TIDELINE_REDIS_URL", "redis://h:6379/0")
    monkeypatch.setenv("TIDELINE_TOKEN_KEYS", json.dumps({"1": "5e" * 32}))

    status = main([*command.words[1:]])

    told = capsys.readouterr()
    assert status == 0, told
    assert told.out
    assert all((tmp_path / word).exists() for word in command.words if word.endswith((".html", ".png", ".parquet")))


def test_commands_on_files_were_found() -> None:
    """Contract: a check that finds nothing to check says so."""
    assert {each.verbs for each in _WHOLE} == ON_FILES


def test_the_check_of_schemas_runs_as_it_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert any(each.door == compat.__name__ for each in documented())
    assert compat.main() == 0, capsys.readouterr().err


def _files(folder: Path) -> None:
    """Write what the pages' commands read, by the names they have there."""
    parquet.write_table(pa.table(_decisions(6_000)), folder / "decisions.parquet")
    write(folder / "foreign.csv", rows(6_000))
    write(folder / "target.csv", [{"p_a": 0.5, "p_b": 0.25, "p_c": 0.25}] * 6_000)
    (folder / "spring.json").write_text(json.dumps(GOOD))
    shutil.copytree(ROOT / "models" / "artefacts" / "demo-1", folder / "models" / "artefacts" / "demo-1")
    (folder / "job.toml").write_text('bootstrap = "h:9092"\nencoder = "models/artefacts/demo-1"\n')


def _decisions(count: int) -> dict[str, Any]:
    """Return the columns of an exported log of 1,000 users; an arm and a variant are six times as good as the other."""
    draw = random.Random(3)
    users = [f"{at % 1000:016x}" for at in range(count)]
    actions = [draw.choice(("c08-0042", "b")) for _ in users]
    return {
        "decision_id": [f"{user}/1.{at}.1" for at, user in enumerate(users)], "user": users,
        "action": actions, "position": [0] * count, "ts_ms": list(range(count)),
        "policy": ["linucb"] * count, "encoder_version": [3] * count, "experiment": ["spring"] * count,
        "arm": [("baseline", "wild")[at % 2] for at in range(count)], "explored": [False] * count,
        "propensity": [0.5] * count, "eligible": [2] * count, "mean": pa.array([None] * count, pa.float64()),
        "click": [int(draw.random() < (0.1, 0.6)[at % 2]) for at in range(count)],
        "conversion": [int(at % 9 == 0) for at in range(count)],
        "revenue": [2.5 * (at % 9 == 0) for at in range(count)],
        "reward": [int(draw.random() < 0.3) for _ in users], "mature": [True] * count,
        "about": [_ABOUT.get(action, "{}") for action in actions],
        "variant": [("cow", "goat")[at % 2] if action in _ABOUT else "" for at, action in enumerate(actions)],
        "variant_share": [0.5 if action in _ABOUT else None for action in actions],
        "x_0": [1.0] * count, "x_1": [draw.random() for _ in users],
    }  # fmt: skip
