"""Contract: a shell completes verbs, sub-verbs, options, choices and files, and no Python runs at the Tab key.

Bash is always there; zsh and fish are asked where they are installed.
"""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.support.doc_pages import ROOT
from tideline.scripts.commands.completion import main, tree
from tideline.scripts.parsers.completion_parser import SHELLS
from tideline.scripts.parsers.job_options import LIVE_FLAGS, REPLAY_FLAGS
from tideline.scripts.parsers.verbs import BY_NAME
from tideline.udfs.settings.job_config import JobConfig, ReplayConfig
from tideline.udfs.settings.options import options_of

if TYPE_CHECKING:
    from pathlib import Path

Captured = pytest.CaptureFixture[str]

_ASK_BASH = """
source "$1"; shift
complete -p tideline >&2
COMP_WORDS=("$@"); COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_shtab_tideline tideline "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.fixture
def script(tmp_path: Path, capsys: Captured) -> Path:
    """What `tideline completion bash` prints, in a file."""
    assert main(["bash"]) == 0
    path = tmp_path / "completion.bash"
    path.write_text(capsys.readouterr().out)
    return path


def _completed(script: Path, *words: str) -> list[str]:
    ran = subprocess.run(
        ["bash", "--norc", "-c", _ASK_BASH, "bash", str(script), *words],
        capture_output=True, text=True, check=True, cwd=ROOT, env={"PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    assert "complete -o bashdefault -F _shtab_tideline tideline" in ran.stderr
    return [line.strip() for line in ran.stdout.splitlines()]


@pytest.mark.parametrize(
    ("words", "among"),
    [
        (("tideline", ""), [*BY_NAME]),
        (("tideline", "rep"), ["report", "replay"]),
        (("tideline", "stack", ""), ["up", "down", "status", "add", "watch"]),
        (("tideline", "stack", "up", "--task"), ["--taskmanagers"]),
        (("tideline", "control", "re"), ["republish"]),
        (("tideline", "bench", "regret", "--only", "d"), ["drift", "delay"]),
        (("tideline", "submit", "live", "--pol"), ["--policy"]),
        (("tideline", "replay", "--from-o"), ["--from-offsets"]),
        (("tideline", "report", "--log", "setup."), ["setup.cfg", "setup.py"]),
        (("tideline", "model", "list", "--registry", "models/arte"), ["models/artefacts"]),
    ],
    ids=lambda value: " ".join(value),
)
def test_bash_completes(script: Path, words: tuple[str, ...], among: list[str]) -> None:
    """Contract: what a real bash offers for the last word, by the function that `complete` registers."""
    offered = _completed(script, *words)

    assert {word.rstrip("/") for word in offered} >= set(among)
    assert all(word.startswith(words[-1]) for word in offered)


def test_a_word_that_leads_nowhere_is_not_completed(script: Path) -> None:
    assert _completed(script, "tideline", "stack", "zz") in ([], [""])


@pytest.mark.parametrize("shell", [shell for shell in SHELLS if shutil.which(shell)])
def test_each_shell_can_read_its_script(shell: str, tmp_path: Path, capsys: Captured) -> None:
    """Contract: the shell itself finds nothing wrong in it."""
    assert main([shell]) == 0
    path = tmp_path / "script"
    path.write_text(capsys.readouterr().out)

    ran = subprocess.run([shell, "-n", str(path)], capture_output=True, text=True, check=False)

    assert (ran.returncode, ran.stderr) == (0, "")


def test_the_options_of_the_job_are_those_that_are_declared() -> None:
    """Contract: LIVE_FLAGS and REPLAY_FLAGS are the flags of the configurations, with the files of secrets."""
    declared = {}
    for key, option in options_of(ReplayConfig).items():
        declared[key] = [option.flag, f"{option.flag}-file"] if option.mask else [option.flag]
    live = [flag for key, flags in declared.items() if key in options_of(JobConfig) for flag in flags]
    assert list(LIVE_FLAGS) == live
    assert list(REPLAY_FLAGS) == [flag for flags in declared.values() for flag in flags if flag not in live]


def test_the_tree_has_every_verb() -> None:
    assert tree().sub_verbs().keys() == BY_NAME.keys()
