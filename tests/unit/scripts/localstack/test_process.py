"""Contract: only the very process that was recorded is ever signalled."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.waiting import PATIENCE_S
from tideline.scripts.localstack.errors import StackError
from tideline.scripts.localstack.process import (
    Managed,
    alive,
    free_ports,
    send,
    spawn,
    start_mark,
    stop,
    tail,
    wait_gone,
    wait_ready,
)


def start(tmp_path: Path, *argv: str) -> Managed:
    return spawn("victim", list(argv), dict(os.environ), tmp_path, tmp_path / "victim.log")


@pytest.fixture
def sleeper(tmp_path: Path) -> Iterator[Managed]:
    process = start(tmp_path, "sleep", "60")
    yield process
    stop([process])


def test_spawned_process_has_own_session_own_folder_and_a_log(tmp_path: Path) -> None:
    process = start(tmp_path, sys.executable, "-c", "import os; print(os.getpid(), os.getsid(0), os.getcwd())")
    assert wait_gone([process], PATIENCE_S)
    assert process.log.read_text().split() == [str(process.pid), str(process.pid), str(tmp_path)]


def test_stop_ends_the_process_and_leaves_no_zombie(sleeper: Managed) -> None:
    assert alive(sleeper)
    stop([sleeper])
    assert not alive(sleeper)
    assert start_mark(sleeper.pid) is None


def test_stop_kills_what_ignores_sigterm(tmp_path: Path) -> None:
    code = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
    )
    process = start(tmp_path, sys.executable, "-c", code)
    wait_ready("deaf", lambda: "deaf" in process.log.read_text(), [process], time.monotonic() + PATIENCE_S)
    stop([process], patience_s=0.2)
    assert not alive(process)


def test_stop_ends_a_process_that_was_suspended(tmp_path: Path) -> None:
    """Contract: it goes on and ends by SIGTERM, in its own order, and is not killed."""
    code = "import signal, sys\nsignal.signal(signal.SIGTERM, lambda *_: sys.exit(print('in order')))\nprint('ready')"
    process = start(tmp_path, sys.executable, "-u", "-c", f"{code}\nwhile True: signal.pause()")
    wait_ready("it", lambda: "ready" in process.log.read_text(), [process], time.monotonic() + PATIENCE_S)
    send(process, signal.SIGSTOP)
    stop([process], PATIENCE_S)
    assert not alive(process)
    assert "in order" in process.log.read_text()


def test_recycled_pid_is_never_signalled(sleeper: Managed) -> None:
    """Contract: a record whose start time does not match the process behind its pid names a dead process."""
    boot_id, _, ticks = sleeper.started.partition(":")
    for stale in (f"{boot_id}:{int(ticks) - 1}", f"another-boot:{ticks}", ""):
        record = replace(sleeper, started=stale)
        assert not alive(record)
        assert not send(record, signal.SIGKILL)
        stop([record])
        assert alive(sleeper)


def test_a_stranger_is_seen_alive_and_its_zombie_is_seen_dead(tmp_path: Path) -> None:
    """A process that is nobody's of ours: its parent has not waited for it, so its entry stays."""
    code = "import subprocess, time; p = subprocess.Popen(['sleep', '600']); print(p.pid, flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        stranger = Managed("stranger", pid, start_mark(pid) or "", tmp_path / "none.log")
        assert alive(stranger)
        send(stranger, signal.SIGKILL)
        assert wait_gone([stranger], PATIENCE_S)
        assert start_mark(pid) == stranger.started
        parent.kill()


def test_program_that_is_not_there_is_reported_with_its_name(tmp_path: Path) -> None:
    process = start(tmp_path, "no-such-program")
    with pytest.raises(StackError, match="no-such-program"):
        wait_ready("x", lambda: False, [process], time.monotonic() + PATIENCE_S)


def test_failure_while_starting_shows_the_tail_of_the_log(tmp_path: Path) -> None:
    process = start(tmp_path, sys.executable, "-c", "print('port is taken'); raise SystemExit(3)")
    with pytest.raises(StackError, match=r"ended while starting(.|\n)*port is taken"):
        wait_ready("server", lambda: False, [process], time.monotonic() + PATIENCE_S)


def test_deadline_shows_the_tail_of_the_log(sleeper: Managed) -> None:
    sleeper.log.write_text("still loading\n")
    with pytest.raises(StackError, match=r"not ready in time(.|\n)*still loading"):
        wait_ready("server", lambda: False, [sleeper], time.monotonic() + 0.2)


def test_tail_is_short_and_says_when_there_is_no_log(tmp_path: Path) -> None:
    log = tmp_path / "long.log"
    log.write_text("".join(f"line {number}\n" for number in range(1000)))
    assert tail(log, 2).splitlines()[1:] == ["line 998", "line 999"]
    assert "no log" in tail(tmp_path / "none.log")


def test_free_ports_are_different_and_can_be_bound() -> None:
    ports = free_ports(20)
    assert len(set(ports)) == 20
    for port in ports:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
