"""Prometheus' own tool for rules, on the rules of flink-conf."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from tideline.scripts.localstack.paths import FLINK_CONF, STATE_FOLDER

ALERTS = FLINK_CONF / "alerts.yaml"


def of_prometheus(name: str) -> str:
    """Return the path of a program of Prometheus; AssertionError with what to do where it is missing."""
    own = STATE_FOLDER / "prometheus" / "usr" / "bin" / name
    program = str(own) if own.is_file() else shutil.which(name)
    assert program, f"{name} is missing: run scripts/setup, or put the one of Prometheus on PATH"
    return program


def promtool(*arguments: str, given: str | None = None) -> str:
    """Return what promtool prints of these arguments and of what it is given to read.

    AssertionError with that where it finds something wrong, or with what to do where it is missing.
    """
    program = of_prometheus("promtool")
    environment = os.environ | {"GOGC": "400"}  # a fifth of what it computes was the collection of its garbage
    done = subprocess.run(
        [program, *arguments], input=given, capture_output=True, text=True, check=False, env=environment
    )
    printed = done.stdout + done.stderr
    assert done.returncode == 0, printed
    return printed


@cache
def rules() -> list[dict[str, Any]]:
    """Return every rule, recorded or alert, in its order; read once, to be changed by nobody."""
    found = YAML(typ="safe").load(ALERTS)
    return [rule for group in found["groups"] for rule in group["rules"]]


def alerts() -> dict[str, dict[str, Any]]:
    """Return the alerts by name."""
    return {rule["alert"]: rule for rule in rules() if "alert" in rule}


def expected(alert: str, labels: dict[str, str]) -> dict[str, Any]:
    """Return a firing alert as promtool wants to be told of it."""
    rule = alerts()[alert]
    return {"exp_labels": labels | rule["labels"], "exp_annotations": rule["annotations"]}


def run_rule_tests(folder: Path, tests: list[dict[str, Any]], rule_file: Path = ALERTS) -> str:
    """Let promtool evaluate the rules on the series of the tests; AssertionError says which alert is otherwise."""
    steps = sorted({test["interval"] for test in tests})
    files = [_written(folder, step, [test for test in tests if test["interval"] == step], rule_file) for step in steps]
    return promtool("test", "rules", *map(str, files))


def run_alone(folder: Path, tests: list[tuple[str, dict[str, Any]]]) -> str:
    """As `run_rule_tests`, with no alert evaluated but the one that a test asks about: a sixth of the work."""
    files = []
    for number, (alert, test) in enumerate(tests):
        needed = [rule for rule in rules() if rule.get("alert", alert) == alert]
        assert any("alert" in rule for rule in needed), alert
        own = folder / f"rules_{alert}.json"
        own.write_text(json.dumps({"groups": [{"name": "alone", "rules": needed}]}))
        files.append(_written(folder, f"{number}", [test], own))
    return promtool("test", "rules", *map(str, files))


def _written(folder: Path, name: str, tests: list[dict[str, Any]], rule_file: Path) -> Path:
    """A file of tests of one step, which is how often the rules are evaluated, too."""
    path = folder / f"rule_tests_{name}.yaml"
    said = {"rule_files": [str(rule_file)], "evaluation_interval": tests[0]["interval"], "tests": tests}
    path.write_text(json.dumps(said))
    return path
