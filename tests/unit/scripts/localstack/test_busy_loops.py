"""Contract: the loops run while the block does and never longer, however it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.waiting import wait_until
from tideline.scripts.localstack.busy_loops import busy


def test_each_core_is_kept_busy_until_the_block_ends() -> None:
    """Contract: one loop a core at this process's own priority, which uses processor time."""
    with busy() as pids:
        assert len(pids) == os.cpu_count()
        assert {os.getpriority(os.PRIO_PROCESS, pid) for pid in pids} == {os.getpriority(os.PRIO_PROCESS, 0)}
        wait_until("the loops use the processor", lambda: all(ticks(pid) > 0 for pid in pids))
    assert not any(running(pid) for pid in pids)


def ticks(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_block_leaves_no_loop(number: signal.Signals) -> None:
    """Contract: neither Ctrl-C nor SIGTERM leaves one."""
    pids: list[int] = []
    with pytest.raises(KeyboardInterrupt):  # noqa: PT012, SIM117 - the block is what is interrupted
        with busy(2) as started:
            pids += started
            signal.raise_signal(number)
    assert pids
    assert not any(running(pid) for pid in pids)


def test_a_killed_test_run_leaves_no_loop() -> None:
    """Contract: a loop ends by itself when its parent is gone."""
    code = "from tideline.scripts.localstack.busy_loops import busy\n"
    code += "with busy(1) as pids:\n    print(*pids, flush=True)\n    input()"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        loop = int(parent.stdout.readline())
        parent.kill()
    wait_until("the loop has ended", lambda: not running(loop))


def running(pid: int) -> bool:
    """Whether it runs; a zombie that nobody waits for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
