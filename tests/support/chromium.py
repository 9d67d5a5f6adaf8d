"""Chromium without a window, driven by tests/browser/drive.mjs."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from typing import Any, NamedTuple

from tests.support.waiting import PATIENCE_S
from tideline.scripts.localstack.paths import REPOSITORY, STATE_FOLDER

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


def play(scenario: str, **given: Any) -> dict[str, Any]:
    """Play a scenario and return what was found; every request of the browser is in `requests`, by host."""
    found = [path for name in _NAMES if (path := shutil.which(name))]
    assert found, f"none of {', '.join(_NAMES)} is on PATH; scripts/setup --browser installs it"
    assert (MODULES / "node_modules").is_dir(), "playwright-core and axe-core are missing: scripts/setup --browser"
    ran = subprocess.run(
        ["node", _DRIVER, scenario, found[0], json.dumps(given)],
        env=os.environ | {"TIDELINE_BROWSER": str(MODULES)},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    told: dict[str, Any] = json.loads(ran.stdout)
    return told
