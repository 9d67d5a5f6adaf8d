"""Processes that outlive the command that started them, known by pid and start time and by nothing else."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from random import SystemRandom

from tideline.scripts.localstack.errors import StackError

POLL_INTERVAL_S = 0.1
TAIL_LINES = 25
GONE_WITHIN_S = 60.0
"""A killed process is gone once the kernel has freed its memory, which takes its time on a busy machine."""
# Below the range that Linux hands out for outgoing connections, so that none of those can take a port in between.
PORT_RANGE = range(20_000, 32_000)


@dataclass(frozen=True)
class Managed:
    """One started process.

    Attributes:
        name: Part of the stack, such as `kafka` or `taskmanager-1`.
        pid: Process id.
        started: Boot id and start time in clock ticks since boot; a recycled pid has another one.
        log: File with everything the process wrote to its console.
        metrics_port: Port of its Prometheus endpoint, if it has one.
    """

    name: str
    pid: int
    started: str
    log: Path
    metrics_port: int | None = None


def spawn(
    name: str, argv: list[str], env: dict[str, str], folder: Path, log: Path, metrics_port: int | None = None
) -> Managed:
    """Starts `argv` in `folder`, in a session of its own, with its console in `log`; it survives the caller."""
    for needed in (folder, log.parent):
        needed.mkdir(parents=True, exist_ok=True)
    argv = ["env", f"--chdir={folder}", *argv]  # which ends in exec, so the pid stays
    file_actions = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, str(log), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644),
        (os.POSIX_SPAWN_DUP2, 1, 2),
    ]
    try:
        pid = os.posix_spawnp(argv[0], argv, env, file_actions=file_actions, setsid=True)
    except OSError as error:
        raise StackError(f"{name}: cannot start {argv[2]!r}: {error}") from error
    # A child that was not waited for keeps its entry, so its start time is there even if it has already ended.
    return Managed(name, pid, start_mark(pid) or "", log, metrics_port)


def start_mark(pid: int) -> str | None:
    """Identity of the process behind `pid` (boot id and start ticks), None when there is none."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The second field is the program's name in brackets and may itself hold blanks and brackets.
    start_ticks = stat.rpartition(")")[2].split()[19]
    boot_id = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return f"{boot_id}:{start_ticks}"


def alive(process: Managed) -> bool:
    """Whether exactly this process still runs; an ended child of the caller is reaped on the way."""
    if start_mark(process.pid) != process.started:
        return False
    try:
        status = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    if status != "Z":
        return True
    try:
        os.waitpid(process.pid, os.WNOHANG)
    except ChildProcessError:
        return False  # somebody else's child: its parent reaps it
    return False


def send(process: Managed, signum: int) -> bool:
    """Sends a signal to exactly this process; False when it is gone or its pid belongs to another one now."""
    try:
        handle = os.pidfd_open(process.pid)
    except ProcessLookupError:
        return False
    try:
        # The handle is bound to one process: after this check the pid cannot change its owner under us.
        if start_mark(process.pid) != process.started:
            return False
        signal.pidfd_send_signal(handle, signum)
    except ProcessLookupError:
        return False
    finally:
        os.close(handle)
    return True


def stop(processes: Iterable[Managed], patience_s: float = 8.0) -> None:
    """Ends all of them: SIGTERM to each at once, SIGKILL to those that still run after `patience_s`.

    Raises:
        StackError: One of them survived SIGKILL for a minute.
    """
    remaining = [process for process in processes if send(process, signal.SIGTERM)]
    for process in remaining:
        send(process, signal.SIGCONT)  # a stopped process would keep SIGTERM pending
    if wait_gone(remaining, patience_s):
        return
    for process in filter(alive, remaining):
        send(process, signal.SIGKILL)
    if not wait_gone(remaining, GONE_WITHIN_S):
        survivors = ", ".join(f"{process.name} ({process.pid})" for process in remaining if alive(process))
        raise StackError(f"still running after SIGKILL: {survivors}")


def wait_gone(processes: list[Managed], timeout_s: float) -> bool:
    """Waits until none of them runs; False when time is up before."""
    deadline = time.monotonic() + timeout_s
    remaining = list(processes)
    while remaining := [process for process in remaining if alive(process)]:
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_INTERVAL_S / 2)
    return True


def wait_ready(what: str, ready: Callable[[], bool], needs: list[Managed], deadline: float) -> None:
    """Returns as soon as `ready()` is true.

    Args:
        what: Name for messages.
        ready: Cheap check; connection errors (OSError) count as not ready.
        needs: Processes that must be alive meanwhile; the last one's log explains a failure.
        deadline: Value of `time.monotonic()` at which to give up.

    Raises:
        StackError: Deadline passed or one of the processes ended; with the tail of its log.
    """
    while True:
        dead = next((process for process in needs if not alive(process)), None)
        if dead:
            raise StackError(f"{what}: {dead.name} ended while starting\n{tail(dead.log)}")
        try:
            if ready():
                return
        except OSError:
            pass  # nobody listens yet, or not in full
        if time.monotonic() > deadline:
            explanation = f"\n{tail(needs[-1].log)}" if needs else ""
            raise StackError(f"{what} was not ready in time{explanation}")
        time.sleep(POLL_INTERVAL_S)


def tail(log: Path, lines: int = TAIL_LINES) -> str:
    """The last lines of a log under a heading with its path."""
    try:
        text = log.read_text(errors="replace").splitlines()[-lines:]
    except FileNotFoundError:
        text = ["(no log was written)"]
    return "\n".join([f"--- {log} ---", *text])


def free_ports(count: int) -> list[int]:
    """`count` different ports on 127.0.0.1 that nobody listens on now.

    Raises:
        StackError: No free ones were found.
    """
    found: list[int] = []
    for port in SystemRandom().sample(PORT_RANGE, 500):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        found.append(port)
        if len(found) == count:
            return found
    raise StackError(f"no {count} free ports between {PORT_RANGE.start} and {PORT_RANGE.stop}")
