"""Contract: the steps of docs/operate.md make a cluster of several machines that runs the job.

The machines are folders with loopback addresses of their own: what says "localhost" where it should not, fails here.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
from typing import TYPE_CHECKING, Any
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from tests.support.checkout import checkout
from tests.support.doc_pages import ROOT, blocks
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tideline.scripts.localstack import Stack

_JOBMANAGER, _WORKER = "127.0.0.2", "127.0.0.3"
_REST = f"http://{_JOBMANAGER}:8081"


def _block(start: str) -> str:
    (found,) = [each.code for each in blocks((ROOT / "docs" / "operate.md").read_text()) if start in each.code]
    return found


def _asked(path: str) -> Any:
    try:
        with urlopen(f"{_REST}{path}", timeout=5) as answer:  # noqa: S310 - http, of this machine
            return json.load(answer)
    except (URLError, OSError):
        return None


def _machine(folder: Path, address: str) -> Path:
    """Do what the page says for every machine; what scripts/setup makes is there already, and linked."""
    checkout(folder)
    steps = _block("cat > cluster.env").replace("scripts/setup && ", "").replace("$(hostname -f)", address)
    steps = steps.replace("flink-1.example.net", _JOBMANAGER).replace("/mnt/tideline", str(folder.parent / "shared"))
    subprocess.run(["bash", "-ec", steps], cwd=folder, check=True, capture_output=True)
    return folder


@pytest.fixture
def start() -> Iterator[Callable[[Path, str], None]]:
    """Starts a line of the page on a machine; at the end all of its processes are ended."""
    running: list[subprocess.Popen[bytes]] = []

    def begin(machine: Path, line: str) -> None:
        with (machine / f"{len(running)}.out").open("wb") as out:
            running.append(
                subprocess.Popen(
                    ["bash", "-c", f"{line.strip()} wait"], cwd=machine, stdout=out, stderr=out, start_new_session=True
                )
            )

    yield begin
    for process in running:
        for ending in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, ending)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(10)


def test_two_machines_run_the_job_and_share_its_checkpoints(
    stack: Stack, tmp_path: Path, start: Callable[[Path, str], None]
) -> None:
    """Contract: both machines' TaskManagers register, a job over both runs, a checkpoint is where the page says."""
    first, second = _machine(tmp_path / "one", _JOBMANAGER), _machine(tmp_path / "two", _WORKER)
    start(first, _block("jobmanager.sh"))
    for machine in (first, second):
        start(machine, _block("taskmanager.sh"))
    workers = wait_until("both machines have registered", _both)
    assert sorted(each["id"].partition(":")[0] for each in workers or []) == [_JOBMANAGER, _WORKER]

    steps = _block("token_keys.json").replace("KAFKA:9092", stack.kafka_bootstrap)
    steps = steps.replace("redis://REDIS:6379/0", stack.redis_url).replace(" live ", " live --parallelism 2 ")
    ran = subprocess.run(["bash", "-ec", steps], cwd=first, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr

    wait_until("every task runs", _all_run)
    shared = tmp_path / "shared" / "checkpoints"
    wait_until("a checkpoint is complete", lambda: list(shared.glob("*/chk-*/_metadata")))
    assert (first / "token_keys.json").stat().st_mode & 0o077 == 0


def _both() -> list[Any] | None:
    found = _asked("/taskmanagers")
    return found["taskmanagers"] if found and len(found["taskmanagers"]) == 2 else None


def _all_run() -> bool:
    found = _asked("/jobs/overview")
    return bool(found and found["jobs"]) and all(
        each["tasks"]["running"] == each["tasks"]["total"] for each in found["jobs"]
    )
