"""This tree's rate beside another commit's, in turns on one machine: their stacks are both up, one works at a time.

The commit's tree is made and set up in a folder of its own. `beside_driver` is run in both by their own Python, and
each fills topics of its own by its own benchmark: what differs is all of the two trees, traffic too.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, TypedDict

from tideline.schemas.errors import ConfigError
from tideline.scripts.benchmarks.live import beside_driver
from tideline.scripts.benchmarks.live.rates import Sample, steady_cost_us, steady_rate
from tideline.scripts.benchmarks.live.throughput import USERS, ZIPF
from tideline.scripts.benchmarks.progress import say
from tideline.scripts.localstack import StackError
from tideline.scripts.localstack.paths import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

THIS, COMMIT = "this", "commit"
TASKMANAGERS = 2
_ARENAS = ("scripts/benchmarks/live/arena.py", "scripts/benchmarks/arena.py")
_ENDS_WITHIN_S = 180.0

Runs = dict[str, dict[str, list[dict[str, Any]]]]
"""By traffic, by tree, what each run has shown."""


class Figures(TypedDict):
    """What the benchmark prints; `scripts/parsers/bench_keys.py` says what each is."""

    commit: str
    ratio: dict[str, dict[str, float]]
    events_per_s: dict[str, dict[str, int]]
    us_per_event: dict[str, dict[str, dict[str, float]]]
    by_round: Runs
    users: int
    events: int


def measure(commit: str, events: int, rounds: int) -> Figures:
    """Let both work off uniform and Zipf traffic, once in each round.

    Raises:
        ConfigError: the commit is none, or none that can be driven.
        StackError: it cannot be set up, or a run failed.
    """
    found = resolved(REPOSITORY, commit)
    with ExitStack() as up:
        old = up.enter_context(_tree_of(found))
        # one after the other: what is measured first would else be filled beside the other's start
        drivers = {
            THIS: up.enter_context(Driver(REPOSITORY, events)),
            COMMIT: up.enter_context(Driver(old, events)),
        }
        runs: Runs = {name: {tree: [] for tree in drivers} for name in ZIPF}
        for number in range(rounds):
            for name in ZIPF:
                for tree in order(number):
                    runs[name][tree].append(told(drivers[tree].run(name), events))
                    say(f"{name}, {tree}: {runs[name][tree][-1]}")
    return figures(found, runs, events)


def order(number: int) -> tuple[str, str]:
    """Return who begins in a round, and the other: in every second one the commit, for machines drift."""
    return (COMMIT, THIS) if number % 2 else (THIS, COMMIT)


def resolved(root: Path, commit: str) -> str:
    """Return the whole name of a commit of a repository.

    Raises:
        ConfigError: there is none, or its benchmarks have no arena.
    """
    name = _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{commit}^{{commit}}").strip()
    if not name:
        raise ConfigError("commit", commit, "a commit of this repository")
    if not any(_git(root, "ls-tree", name, path) for path in _ARENAS):
        raise ConfigError("commit", commit, f"a commit with one of {', '.join(_ARENAS)}: others cannot be driven")
    return name


def told(samples: Sequence[Sequence[Any]], events: int) -> dict[str, Any]:
    """Return the steady rate of a run and CPU microseconds an event by process, of what its driver saw.

    Args:
        samples: [seconds, events until then, CPU seconds by process] in order of time.
        events: All of them.

    >>> run = [[float(at), 100.0 * at, {"redis": at / 1000}] for at in range(11)]
    >>> told(run, 1000)
    {'events_per_s': 100, 'us_per_event': {'redis': 10.0}}
    """
    done = [float(count) for _, count, _ in samples]
    rate = steady_rate([Sample(at_s, count) for at_s, count, _ in samples], events)
    spent = {name: steady_cost_us(done, [cpu[name] for *_, cpu in samples], events) for name in samples[0][2]}
    return {"events_per_s": round(rate), "us_per_event": {name: round(us, 1) for name, us in spent.items()}}


def figures(commit: str, runs: Runs, events: int) -> Figures:
    """Return what is printed of all runs."""
    rates = {name: {tree: [each["events_per_s"] for each in by[tree]] for tree in by} for name, by in runs.items()}
    return {
        "commit": commit,
        "ratio": {name: _ratios(by[THIS], by[COMMIT]) for name, by in rates.items()},
        "events_per_s": {name: {tree: round(median(by[tree])) for tree in by} for name, by in rates.items()},
        "us_per_event": {name: {tree: _costs(by[tree]) for tree in by} for name, by in runs.items()},
        "by_round": runs,
        "users": USERS,
        "events": events,
    }


def _ratios(ours: Sequence[float], theirs: Sequence[float]) -> dict[str, float]:
    each = [one / other for one, other in zip(ours, theirs, strict=True)]
    found = {"of_medians": median(ours) / median(theirs), "least": min(each), "most": max(each)}
    return {name: round(value, 3) for name, value in found.items()}


def _costs(runs: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    names = runs[0]["us_per_event"]
    return {name: round(median(each["us_per_event"][name] for each in runs), 1) for name in names}


@contextmanager
def _tree_of(commit: str) -> Iterator[Path]:
    """Make the commit's tree in a folder of its own and set it up; it is removed in the end."""
    with TemporaryDirectory(prefix="tideline-beside-") as folder:
        tree = Path(folder) / "tree"
        _git(REPOSITORY, "worktree", "add", "--quiet", "--detach", str(tree), commit)
        try:
            if not (tree / "scripts" / "setup").exists():
                raise StackError(f"git worktree add has made no tree of {commit[:8]} with scripts/setup")
            say(f"setting up {commit[:8]} in {tree}")
            done = subprocess.run([tree / "scripts" / "setup"], cwd=tree, stdout=sys.stderr, check=False)
            if done.returncode:
                raise StackError(f"scripts/setup of {commit[:8]} ended with {done.returncode}")
            yield tree
        finally:
            _git(REPOSITORY, "worktree", "remove", "--force", str(tree))


class Driver:
    """A process that runs a tree's live job when it is told to; as a context manager its stack is up inside."""

    def __init__(self, tree: Path, events: int) -> None:
        """Nothing is started yet."""
        self._tree, self._events = tree, events

    def __enter__(self) -> Driver:
        self._process = self._started()
        with ExitStack() as up:
            up.push(self.__exit__)
            self._next(beside_driver.READY)
            up.pop_all()  # it is up: `with` ends it
        return self

    def _started(self) -> subprocess.Popen[str]:
        python = self._tree / ".venv" / "bin" / "python"
        # -P: the driver's own folder is this tree's, and nothing of it may be taken for the other's
        return subprocess.Popen(
            [python, "-P", beside_driver.__file__, str(TASKMANAGERS), str(self._events), json.dumps(ZIPF)],
            cwd=self._tree,
            env=os.environ | {"PYTHONPATH": str(self._tree)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __exit__(self, *_: object) -> None:
        with suppress(subprocess.TimeoutExpired):
            self._process.communicate(timeout=_ENDS_WITHIN_S)
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)  # it still takes its stack down
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_ENDS_WITHIN_S)
            self._process.kill()

    def run(self, name: str) -> list[list[Any]]:
        """Return what was seen of a run with that traffic, as `told` takes it."""
        print(name, file=self._process.stdin, flush=True)
        found: list[list[Any]] = json.loads(self._next(beside_driver.RAN))
        return found

    def _next(self, word: str) -> str:
        """Return what follows the word on its line; what else the tree prints is left out."""
        for line in self._process.stdout or ():
            if line.startswith(beside_driver.LACKS):
                lacking = line.removeprefix(beside_driver.LACKS).strip()
                raise ConfigError("commit", str(self._tree), f"a tree whose benchmarks have {lacking}")
            if line.startswith(word):
                return line.removeprefix(word)
        raise StackError(f"the benchmark in {self._tree} ended with {self._process.wait()}; it said why above")


def _git(root: Path, *words: str) -> str:
    """Return what git prints, nothing where it refuses."""
    return subprocess.run(["git", *words], cwd=root, capture_output=True, text=True, check=False).stdout
