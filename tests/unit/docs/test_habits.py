"""Contract: what runs at a commit and on a server is what a contributor runs by hand."""

from __future__ import annotations

import configparser
from typing import Any

from ruamel.yaml import YAML

from tests.support.doc_pages import ROOT


def _read(name: str) -> dict[str, Any]:
    found: dict[str, Any] = YAML(typ="safe").load(ROOT / name)
    return found


def test_the_workflow_runs_what_every_change_must_pass() -> None:
    """Contract: the server runs .ci/run and nothing else of ours, with each Python that setup.cfg allows."""
    job = _read(".github/workflows/ci.yml")["jobs"]["check"]
    allowed = configparser.ConfigParser()
    allowed.read(ROOT / "setup.cfg")

    assert [step["run"] for step in job["steps"] if "run" in step] == [".ci/run"]
    assert job["strategy"]["matrix"]["python"] == ["3.11", "3.12"]
    assert allowed["options"]["python_requires"] == ">=3.11,<3.13"


def test_each_hook_before_a_commit_is_a_tool_of_the_environment() -> None:
    """Contract: hooks run what scripts/setup installed, so that a version is pinned in one place."""
    hooks = [hook for repo in _read(".pre-commit-config.yaml")["repos"] for hook in repo["hooks"]]

    assert {hook["language"] for hook in hooks} == {"system"}
    assert {hook["id"] for hook in hooks} == {"ruff", "ruff-format", "mypy", "docs"}
    for hook in hooks:
        assert (ROOT / hook["entry"].split()[0]).is_file()


def test_an_editor_is_told_the_line_length_that_is_checked() -> None:
    assert "max_line_length = 120" in (ROOT / ".editorconfig").read_text()
    assert "line-length = 120" in (ROOT / "ruff.toml").read_text()
