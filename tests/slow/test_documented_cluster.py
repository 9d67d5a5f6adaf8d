"""Contract: the steps of docs/operate.md make a cluster of several machines that runs the job.

The machines are folders with loopback addresses of their own: what says "localhost" where it should not, fails here.
"""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Any

from tests.support.checkout import checkout
from tests.support.doc_pages import ROOT, blocks
from tests.support.flink_machines import all_run, asked
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.flink_machines import Started
    from tideline.scripts.localstack import Stack

_JOBMANAGER, _WORKER = "127.0.0.2", "127.0.0.3"
_REST = f"http://{_JOBMANAGER}:8081"


def _block(start: str) -> str:
    (found,) = [each.code for each in blocks((ROOT / "docs" / "operate.md").read_text()) if start in each.code]
    return found


def _machine(folder: Path, address: str) -> Path:
    """Do what the page says for every machine; what scripts/setup makes is there already, and linked."""
    checkout(folder)
    steps = _block("cat > cluster.env").replace("scripts/setup && ", "").replace("$(hostname -f)", address)
    steps = steps.replace("flink-1.example.net", _JOBMANAGER).replace("/mnt/tideline", str(folder.parent / "shared"))
    subprocess.run(["bash", "-ec", steps], cwd=folder, check=True, capture_output=True)
    return folder


def test_two_machines_run_the_job_and_share_its_checkpoints(stack: Stack, tmp_path: Path, started: Started) -> None:
    """Contract: both machines' TaskManagers register, a job over both runs, a checkpoint is where the page says."""
    first, second = _machine(tmp_path / "one", _JOBMANAGER), _machine(tmp_path / "two", _WORKER)
    started.start(first, _loop("jobmanager.sh"))
    for machine in (first, second):
        started.start(machine, _loop("taskmanager.sh"))
    workers = wait_until("both machines have registered", _both)
    assert sorted(each["id"].partition(":")[0] for each in workers or []) == [_JOBMANAGER, _WORKER]

    steps = _block("[ -s token_keys.json ]").replace("KAFKA:9092", stack.kafka_bootstrap)
    steps = steps.replace("redis://REDIS:6379/0", stack.redis_url).replace(" live ", " live --parallelism 2 ")
    ran = subprocess.run(["bash", "-ec", steps], cwd=first, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr

    wait_until("every task runs", lambda: all_run(_REST))
    shared = tmp_path / "shared" / "checkpoints"
    wait_until("a checkpoint is complete", lambda: list(shared.glob("*/chk-*/_metadata")))
    assert (first / "token_keys.json").stat().st_mode & 0o077 == 0


def _loop(start: str) -> list[str]:
    return ["bash", "-c", f"{_block(start).strip()} wait"]


def _both() -> list[Any] | None:
    found = asked(_REST, "/taskmanagers")
    return found["taskmanagers"] if found and len(found["taskmanagers"]) == 2 else None
