"""Commands as README and docs print them, and what each of them says of itself with --help."""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import subprocess
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tests.support.doc_pages import PAGES, ROOT, code_in_order
from tideline.scripts.commands import tideline
from tideline.scripts.parsers.verbs import BY_NAME
from tideline.udfs.settings.job_config import ReplayConfig
from tideline.udfs.settings.options import options_of

if TYPE_CHECKING:
    from collections.abc import Iterator

_STARTS = re.compile(
    r"^(PYTHONPATH=\. )?"
    r"(scripts/[a-z_]+( |$)|\.ci/|models/\w+\.py |\.venv/bin/python -m |\$FLINK/bin/flink run )"
)
_SETS = re.compile(r"(export )?[A-Za-z_]+=")
_HERE = re.compile(r"<<'?(\w+)'?$")
_TAKE_JOB_OPTIONS = {"scripts/submit", "scripts/replay", "$FLINK/bin/flink"}
_WITHOUT_HELP = {"$FLINK/bin/flink", ".ci/run", "pytest", "tideline.schemas.compat"}
"""Not ours, or without any option."""


class Documented(NamedTuple):
    """One command of one page, without what a shell makes of it: no comment, no environment, no pipe.

    Attributes:
        page: That prints it.
        words: What it is made of.
        line: As a shell takes it, behind the variables that its block sets before.
        in_block: Whether it is a line of a block; else it stands in a sentence or a table.
    """

    page: Path
    words: tuple[str, ...]
    line: str
    in_block: bool

    @property
    def door(self) -> str:
        """The file or module it starts."""
        return self.words[2] if self.words[:2] == (".venv/bin/python", "-m") else self.words[0]

    @property
    def verbs(self) -> tuple[str, ...]:
        """Subcommands: the plain words before the first that is none."""
        rest = self.words[self.words.index(self.door) + 1 :]
        plain = [re.fullmatch(r"[a-z]+", word) is not None for word in rest]
        return rest[: plain.index(False) if False in plain else None]

    @property
    def flags(self) -> set[str]:
        """Long options that it gives."""
        return {word.partition("=")[0] for word in self.words if word.startswith("--")}

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}: {' '.join(self.words)}"


def documented() -> list[Documented]:
    """Return every command of this repository in blocks without a language and in code inside a line, in order."""
    found = []
    for page in PAGES:
        for before, line, in_block in _lines(page.read_text()):
            for part in line.split(" && "):
                if _STARTS.match(part) and not (ROOT / part).is_dir():
                    words = shlex.split(part.removeprefix("PYTHONPATH=. "), comments=True)
                    typed = before + re.sub(r"\s+# .*", "", part).replace(" ...", "")
                    found.append(Documented(page, tuple(word for word in words if word != "..."), typed, in_block))
    return found


def _lines(text: str) -> Iterator[tuple[str, str, bool]]:
    """Yield lines of code, each behind what its block sets before it; what a file is made of is no line."""
    for language, code, in_block in code_in_order(text):
        sets, until = "", None
        for line in code.splitlines() if in_block else [code]:
            if until is not None:
                until = None if line == until else until
            elif here := _HERE.search(line):
                until = here[1]
            elif in_block and _SETS.match(line):
                sets += line + "\n"
            elif not language:
                yield sets, line, in_block


@cache
def help_of(door: str, verbs: tuple[str, ...]) -> str:
    """Return what the command prints with --help.

    Raises:
        AssertionError: it does not know --help, or one of the subcommands.
    """
    if door in _WITHOUT_HELP:
        return ""
    path = ROOT / door
    if not path.is_file():
        return _help_of_module(door, verbs)
    if path.suffix == ".py":  # as a program: models/train.py tells its options without torch, its import does not
        return _help_of_process([str(path), *verbs, "--help"])
    if path.name in BY_NAME:
        verbs = (path.name, *verbs)
    elif path.name != "tideline":
        return _help_of_process([str(path), "--help"])
    return _help_of_module(tideline.__name__, verbs)


def _help_of_process(argv: list[str]) -> str:
    ran = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=120, cwd=ROOT)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def _help_of_module(name: str, verbs: tuple[str, ...]) -> str:
    module = import_module(name)
    out, status = io.StringIO(), 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        try:
            status = module.main([*verbs, "--help"])
        except SystemExit as end:
            status = int(end.code or 0)
    assert status == 0, out.getvalue()
    return out.getvalue()


def unknown_flags(command: Documented) -> set[str]:
    """Return the options of a command that neither its help nor, where it takes them, the job's options have."""
    told = set(re.findall(r"(?<![\w-])--[a-z][a-z0-9-]*", help_of(command.door, command.verbs)))
    if command.door in _TAKE_JOB_OPTIONS or command.verbs[:1] in (("config",), ("backfill",)):
        told |= {option.flag for option in options_of(ReplayConfig).values()} | {"--config"}
    return command.flags - told


def is_there(command: Documented) -> bool:
    """Whether what it starts is there and, where it is a file, may be run."""
    path = ROOT / command.door
    if path.exists():
        return os.access(path, os.X_OK)
    return command.door in _WITHOUT_HELP or (ROOT / (command.door.replace(".", "/") + ".py")).is_file()
