"""Contract: the wheel alone, in an environment without Flink and torch, is enough for who asks or reads a log."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from tests.support.doc_pages import ROOT
from tests.support.ope_files import rows, write
from tideline.scripts.parsers.verbs import VERBS

_SOURCES = ("tideline", "jobs", "models", "schemas", "scripts", "udfs")
_FILES = ("setup.cfg", "setup.py", "README.md", "LICENSE")
_UV = Path(sys.executable).with_name("uv")


def _uv(*argv: str | Path) -> None:
    done = subprocess.run([_UV, *argv], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `tideline` of a wheel in an environment of its own: what it requires, in the versions of the lock."""
    root = tmp_path_factory.mktemp("wheel")
    source = root / "source"  # setuptools leaves what it built beside the sources, and would pack it again
    for name in _SOURCES:
        shutil.copytree(ROOT / name, source / name, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
    for name in _FILES:
        shutil.copy(ROOT / name, source / name)
    _uv("build", "--quiet", "--wheel", "--out-dir", root, source)
    _uv("venv", "--quiet", "--python", sys.executable, root / "env")
    (wheel,) = root.glob("*.whl")
    python = root / "env" / "bin" / "python"
    _uv("pip", "install", "--quiet", "--python", python, "--constraint", "requirements.lock", wheel)
    return root / "env" / "bin" / "tideline"


def _run(installed: Path, *argv: str | Path) -> subprocess.CompletedProcess[str]:
    environment = {name: text for name, text in os.environ.items() if not name.startswith(("PYTHON", "TIDELINE_"))}
    return subprocess.run([installed, *argv], cwd="/", env=environment, capture_output=True, text=True, check=False)


def test_neither_flink_nor_torch_nor_an_encoder_comes_along(installed: Path) -> None:
    names = {path.name for path in (installed.parent.parent / "lib").rglob("site-packages/*")}
    assert {"tideline", "kafka", "redis", "pyarrow"} < names
    assert not names & {"pyflink", "apache_beam", "pandas", "onnxruntime", "torch", "pytest"}


def test_help_tells_every_verb(installed: Path) -> None:
    told = _run(installed, "--help")
    assert (told.returncode, told.stderr) == (0, "")
    assert all(f"  {verb.name:12}" in told.stdout for verb in VERBS)


def test_a_policy_is_judged_on_a_log(installed: Path, tmp_path: Path) -> None:
    log = write(tmp_path / "log.csv", rows(3_000))
    told = _run(installed, "ope", "--log", log, "--policy", "uniform", "--json")
    assert told.returncode == 0, told.stderr
    assert json.loads(told.stdout)["refused"] is None


def test_a_machine_is_looked_at_for_what_the_wheel_needs(installed: Path) -> None:
    """Contract: that neither Flink nor its kin is there is nothing wrong."""
    (found,) = [
        each for each in json.loads(_run(installed, "doctor", "--json").stdout) if each["subject"] == "packages"
    ]
    assert (found["state"], found["found"].split("; ")[1]) == ("ok", "clients without the job")


def test_a_report_is_made_of_an_export(installed: Path, tmp_path: Path) -> None:
    """Contract: as JSON and as a page."""
    count = 40
    columns = {
        "decision_id": [f"{at % 7:016x}/1.{at}.1" for at in range(count)],
        "user": [f"{at % 7:016x}" for at in range(count)],
        "action": ["a", "b"] * (count // 2),
        "position": [0] * count,
        "ts_ms": list(range(count)),
        "policy": ["linucb"] * count,
        "encoder_version": [3] * count,
        "arm": [""] * count,
        "explored": [False] * count,
        "propensity": [0.98] * count,
        "eligible": [2] * count,
        "mean": pa.array([None] * count, pa.float64()),
        "click": [at % 2 for at in range(count)],
        "conversion": [0] * count,
        "revenue": [0.0] * count,
        "mature": [True] * count,
    }
    parquet.write_table(pa.table(columns), tmp_path / "log.parquet")
    told = _run(installed, "report", "--log", tmp_path / "log.parquet", "--html", tmp_path / "page.html", "--json")
    assert (told.returncode, told.stderr) == (0, "")
    assert json.loads(told.stdout)
    assert (tmp_path / "page.html").read_text().startswith("<!")


def test_the_console_s_assets_come_along(installed: Path) -> None:
    """Contract: built, so that nobody needs Node; of its sources nothing."""
    (folder,) = (installed.parent.parent / "lib").rglob("site-packages/tideline/scripts/console")
    built = ROOT / "scripts" / "console" / "static"
    assert {path.name for path in (folder / "static").iterdir()} == {path.name for path in built.iterdir()}
    assert not (folder / "web").exists()


@pytest.mark.parametrize(
    ("argv", "status", "told"),
    [
        ("topics --asyncapi", 0, ""),
        ("activity check -", 3, "activity: FILE"),
        ("model list", 0, ""),
        ("list u1 --redis-url redis://127.0.0.1:1", 1, "list: redis"),
        ("experiment status --id x --log /absent", 1, "experiment: --log"),
        ("export --bootstrap 127.0.0.1:1 --out /tmp/x", 1, "export: TIDELINE_TOKEN_KEYS"),
        ("model train --data x --out y", 1, "model train: torch is not installed; pip install 'tideline[train]'"),
        ("model evaluate --data x --train x", 1, "model: onnxruntime is not installed; pip install 'tideline[job]'"),
        ("console --help", 0, ""),
        ("console --redis-url redis://h:1", 1, "console: starlette is not installed; pip install 'tideline[console]'"),
        ("submit live", 1, "submit: works in a checkout of Tideline alone"),
    ],
)
def test_what_works_works_and_what_is_missing_is_named(installed: Path, argv: str, status: int, told: str) -> None:
    """Contract: no traceback, and one line that names the extra, or that it takes a checkout."""
    ran = _run(installed, *argv.split())
    assert (ran.returncode, "Traceback" in ran.stderr) == (status, False), ran.stderr
    assert ran.stderr.startswith(told)
