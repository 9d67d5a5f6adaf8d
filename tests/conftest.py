"""Fixtures of every layer: the local stack, and a watch for processes that a test leaves behind."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tideline.scripts.localstack import Stack

_OF_THE_STACK = pytest.StashKey[list[str]]()
# The Java gateway of pyflink serves every test of the process and ends with it.
_LIVES_ON = "org.apache.flink.client.python.PythonGatewayServer"
_BYTECODE = Path(__file__).resolve().parents[1] / ".tideline" / "bytecode"


def pytest_configure() -> None:
    """Lets SIGTERM, of `timeout` for one, end a run as Ctrl-C does: the stack goes down with it.

    Compiled code is kept, outside the sources, for the next worker, process and run: where the environment forbids to
    write it, every one compiles everything again, which is a third of the unit layer.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.dont_write_bytecode, sys.pycache_prefix = False, str(_BYTECODE)
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = str(_BYTECODE)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Says behind the failures what jobs of the stack failed of: elsewhere than here only the printed end is seen."""
    for line in config.stash.get(_OF_THE_STACK, []):
        terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def stack(request: pytest.FixtureRequest) -> Iterator[Stack]:
    """One stack for all tests of the run; tests keep apart by topic suffix and key prefix."""
    # Here and not above: tests that need no stack shall not wait for its clients to be imported.
    from tests.support.job_failures import failures_of_jobs
    from tideline.scripts.localstack import Stack, StackRequest
    from tideline.scripts.localstack.paths import FLINK_CONF, STATE_FOLDER

    name = f"tests-{os.getpid()}"
    with Stack.up(StackRequest(name, conf=FLINK_CONF / "config.test.yaml")) as running:
        yield running
        if request.session.testsfailed:
            kept = STATE_FOLDER / "failed-tests" / name
            shutil.copytree(running.root / "log", kept)
            request.config.stash[_OF_THE_STACK] = [*failures_of_jobs(running.rest), f"its logs are in {kept}"]


@pytest.fixture(autouse=True)
def no_process_is_left(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fails a test after which a process runs that it started."""
    before = _children()
    yield
    left = _children().keys() - before.keys()
    if not left:
        return
    for name in {"stack", "locked"} & set(request.fixturenames):
        shared: Stack = request.getfixturevalue(name)
        left -= {process.pid for process in shared.processes}  # a replaced TaskManager belongs to who started the stack
    alive = {pid: command for pid, command in _children().items() if _LIVES_ON not in command}
    named = [f"{pid} {alive[pid][:200]}" for pid in left & alive.keys()]
    assert not named, f"processes are still running: {named}"


def _children() -> dict[int, str]:
    """Command line by pid of the live children of this process."""
    found = {}
    # One file for each thread: to look through all of /proc took longer than most unit tests.
    for task in Path("/proc/self/task").iterdir():
        for pid in _read(task / "children").split():
            if _read(Path("/proc") / pid / "stat").rpartition(")")[2].split()[:1] not in ([], ["Z"]):
                found[int(pid)] = _read(Path("/proc") / pid / "cmdline").replace("\0", " ")
    return found


def _read(path: Path) -> str:
    """The content of a file of /proc, nothing once its process or thread has ended."""
    try:
        return path.read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""
