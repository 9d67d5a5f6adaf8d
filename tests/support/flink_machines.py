"""Flink clusters that are started by what a page or an image says, not by the local stack."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
from typing import TYPE_CHECKING, Any
from urllib.error import URLError
from urllib.request import urlopen

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


class Started:
    """Processes of a test, each with its output in a file of its folder."""

    def __init__(self) -> None:
        self._running: list[subprocess.Popen[bytes]] = []

    def start(self, folder: Path, argv: Sequence[str], environ: Mapping[str, str] | None = None) -> None:
        """Start one there, by default in the environment of the test."""
        with (folder / f"{len(self._running)}.out").open("wb") as out:
            self._running.append(
                subprocess.Popen(argv, cwd=folder, env=environ, stdout=out, stderr=out, start_new_session=True)
            )

    def end(self) -> None:
        """End them, and what they have started."""
        for process in self._running:
            for ending in (signal.SIGTERM, signal.SIGKILL):
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, ending)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(10)


def asked(rest: str, path: str) -> Any:
    """What Flink's REST interface at that address answers, None while it does not."""
    try:
        with urlopen(f"{rest}{path}", timeout=5) as answer:  # noqa: S310 - http, of this machine
            return json.load(answer)
    except (URLError, OSError):
        return None


def all_run(rest: str) -> bool:
    """Whether there is a job, and every task of every job runs."""
    found = asked(rest, "/jobs/overview")
    return bool(found and found["jobs"]) and all(
        each["tasks"]["running"] == each["tasks"]["total"] for each in found["jobs"]
    )
