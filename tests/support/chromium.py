"""Chromium without a window, driven by tests/browser/drive.mjs."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.support.waiting import PATIENCE_S
from tideline.scripts.localstack.paths import REPOSITORY, STATE_FOLDER

if TYPE_CHECKING:
    from types import TracebackType

_DRIVER = REPOSITORY / "tests" / "browser" / "drive.mjs"
MODULES = STATE_FOLDER / "browser"
_NAMES = ("chromium", "chromium-browser", "google-chrome")


class Served(NamedTuple):
    """A console that listens, and what opens it."""

    base: str
    token: str

    def page(self, name: str) -> str:
        """Return the address of a page for who has no session yet."""
        return f"{self.base}#/{name}{'&' if '?' in name else '?'}token={self.token}"


class Playing:
    """A scenario that goes on step by step. As a context manager it is over at the end."""

    def __init__(self, scenario: str, **given: Any) -> None:
        found = [path for name in _NAMES if (path := shutil.which(name))]
        assert found, f"none of {', '.join(_NAMES)} is on PATH; scripts/setup --browser installs it"
        assert (MODULES / "node_modules").is_dir(), "playwright-core and axe-core are missing: scripts/setup --browser"
        self._process = subprocess.Popen(
            ["node", _DRIVER, scenario, found[0], json.dumps(given)],
            env=os.environ | {"TIDELINE_BROWSER": str(MODULES)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Playing:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.poll() is None:
            self._process.terminate()
        self._process.communicate(timeout=PATIENCE_S)

    def wait_step(self, number: int) -> None:
        """Return when a step is over."""
        assert self._process.stderr is not None
        told = []
        while (line := self._process.stderr.readline()) != f"step {number}\n":
            told.append(line)
            assert line, "".join(told)

    def go_on(self) -> None:
        """Begin the next step."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()

    def found(self) -> dict[str, Any]:
        """Return what was found; every request of the browser is in `requests`, by host."""
        output, errors = self._process.communicate(timeout=PATIENCE_S)
        assert self._process.returncode == 0, errors
        told: dict[str, Any] = json.loads(output)
        return told


def play(scenario: str, **given: Any) -> dict[str, Any]:
    """Play a scenario to its end and return what was found."""
    with Playing(scenario, **given) as playing:
        return playing.found()
