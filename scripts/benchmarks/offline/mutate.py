"""Files as nobody should write them, given to every command that reads tables: each answers or refuses in a line.

`files` is the number of mutated files, `answered` and `refused` what became of them; `faults` has what should not be:
a traceback, a warning of numpy, a refusal in several lines or without the file's name, an answer that is no JSON.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
import tempfile
import traceback
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tideline.models import evaluate, topic_data
from tideline.schemas.errors import ConfigError
from tideline.scripts.benchmarks.offline.mutate_files import FILES, mutated
from tideline.scripts.commands import experiment, ope, report
from tideline.scripts.commands.exits import Exit

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_REFUSED = (1, 3)


class Outcome(NamedTuple):
    """What a command made of a file; `fault` says what was wrong with that, and is empty for nothing."""

    status: int
    fault: str


def _load(argv: Sequence[str]) -> int:
    """Read training data as models/train.py does."""
    try:
        data = topic_data.load(argv[0])
    except ConfigError as error:
        print(f"train: {error}", file=sys.stderr)
        return 1
    print(json.dumps({"events": int(data.item.size)}))
    return 0


COMMANDS: dict[str, tuple[str, Callable[[Sequence[str]], int], tuple[str, ...]]] = {
    "ope": ("log", ope.main, ("--log", "FILE", "--policy", "uniform", "--json")),
    "ope of a file": ("target", ope.main, ("--log", "LOG", "--policy", "FILE", "--json")),
    "report": ("export", report.main, ("--log", "FILE", "--json")),
    "experiment status": ("export", experiment.main, ("status", "--log", "FILE", "--id", "spring", "--json")),
    "train": ("sequences", _load, ("FILE",)),
    "train on an archive": ("archive", _load, ("FILE",)),
    "evaluate": (
        "sequences",
        evaluate.main,
        ("--data", "FILE", "--train", "TRAIN", "--baselines", "pop", "--workers", "1", "--json"),
    ),
}


def measure(files: int, seed: int) -> dict[str, Any]:
    """Return what the commands made of so many mutated files."""
    random = np.random.default_rng(seed)
    statuses = {name: {"answered": 0, "refused": 0} for name in COMMANDS}
    faults: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        for at in range(files):
            name = list(COMMANDS)[at % len(COMMANDS)]
            file_seed = int(random.integers(2**32))
            found = outcome(name, file_seed, Path(folder))
            statuses[name]["answered" if found.status == 0 else "refused"] += 1
            if found.fault:
                faults.append(f"{name}, seed {file_seed}: {found.fault}")
    return {"files": files, "seed": seed, "commands": statuses, "faults": faults}


def outcome(name: str, seed: int, folder: Path) -> Outcome:
    """Return what a command makes of the file that `seed` mutates."""
    kind, run, arguments = COMMANDS[name]
    path = mutated(kind, np.random.default_rng(seed), folder)
    given = {"FILE": str(path)}
    for word, whole in (("LOG", "log"), ("TRAIN", "sequences")):
        if word in arguments:
            given[word] = str(FILES[whole].saved(folder))
    argv = [given.get(each, each) for each in arguments]
    out, said = io.StringIO(), io.StringIO()
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(said), warnings.catch_warnings():
            warnings.simplefilter("error")
            status = run(argv)
    except (Exception, SystemExit):  # whatever a command lets out is the fault that is looked for
        return Outcome(-1, traceback.format_exc(limit=-3))
    if status == 0 or (status == Exit.CANNOT_SAY and out.getvalue()):
        return Outcome(0, _no_answer(out.getvalue()))
    return Outcome(status, _no_refusal(status, said.getvalue(), path))


def _no_answer(text: str) -> str:
    try:
        json.loads(text, parse_constant=_no_number)
    except ValueError as error:
        return f"no JSON: {error}"
    return ""


def _no_number(constant: str) -> float:
    raise ValueError(constant)


def _no_refusal(status: int, said: str, path: Path) -> str:
    lines = said.splitlines()
    if status not in _REFUSED or not lines:
        return f"status {status} without a word"
    last = lines[-1]
    if "allowed: " not in last or not any(each in last for each in (path.name, "id='spring'", "against=")):
        return f"a refusal that does not say what is wrong: {last}"
    progress = [each for each in lines[:-1] if not each.startswith(("ope: ", str(path))) and "targets in" not in each]
    return f"a refusal in several lines: {progress[0]}" if progress else ""
