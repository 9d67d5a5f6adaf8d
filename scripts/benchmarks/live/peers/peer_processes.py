"""The processes of one peer on a stack: started, looked at, killed, ended."""

from __future__ import annotations

import os
import shutil
import signal
from typing import TYPE_CHECKING

from tideline.scripts.benchmarks.live.arena import job_options
from tideline.scripts.benchmarks.live.peers.count_file import counted
from tideline.scripts.benchmarks.live.peers.peer_args import command_line
from tideline.scripts.benchmarks.peers.peer_python import ONE_THREAD, PYTHON
from tideline.scripts.commands.package import ROOT
from tideline.scripts.commands.submit import flags, with_secrets
from tideline.scripts.localstack import StackError
from tideline.scripts.localstack.process import Managed, alive, free_ports, send, spawn, stop, tail, wait_gone

if TYPE_CHECKING:
    from pathlib import Path

    from tideline.schemas.topics import Topics
    from tideline.scripts.localstack import Stack

LIVE, IDIOMATIC = "tideline", "idiomatic"
PEERS = {"plain": "plain_loop", "quix": "quix_job", "bytewax": "bytewax_job", "pathway": "pathway_job"}
"""Module by peer."""
BY_CORE = (LIVE, "plain")
"""Those that work in batches over users, by the live job's core; the others get a part of the records."""
_GONE_WITHIN_S = 30.0
_MODULES = f"{__name__.rpartition('.')[0]}."


class PeerProcesses:
    """One process a core of one peer; as a context manager they end at the end."""

    def __init__(self, stack: Stack, peer: str, topics: Topics, group: str) -> None:
        """Nothing is started yet; `group` is the peer's name for what it has read."""
        self.folder: Path = stack.root / "peers" / group
        self._stack, self._peer = stack, peer
        self._flags = flags(stack, {**job_options(topics, {}), "group_id": group})
        self._count = os.cpu_count() or 1
        self._running: list[Managed] = []

    def __enter__(self) -> PeerProcesses:
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        stop(self._running)

    def start(self) -> None:
        """Start all of them, with what they have kept."""
        environment = with_secrets(os.environ, self._stack, "live") | ONE_THREAD | {"PYTHONPATH": str(ROOT)}
        ports = neighbours(self._count)
        self._running = [
            spawn(
                f"{self._peer}-{number}",
                [
                    *(str(PYTHON), "-m", _MODULES + PEERS[self._peer]),
                    *command_line(number, ports, self.folder, self._flags),
                ],
                environment,
                self.folder,
                self.folder / f"{number}.log",
            )
            for number in range(self._count)
        ]

    def save(self) -> None:
        """Nothing: what a peer keeps it keeps by itself, each second."""

    def kill_and_start(self) -> None:
        """End all of them as kill -9 does, and start them again with what they have kept."""
        for each in self._running:
            send(each, signal.SIGKILL)
        if not wait_gone(self._running, _GONE_WITHIN_S):
            raise StackError(f"{self._peer} still runs {_GONE_WITHIN_S:.0f} s after kill -9")
        self.start()

    def wait_back(self) -> None:
        """Nothing: whether they work again is seen by their lists."""

    def counted(self) -> int:
        """Return how many events they have worked off since they were started last.

        Raises:
            StackError: one of them has ended.
        """
        for each in self._running:
            if not alive(each):
                raise StackError(f"{each.name} has ended\n{tail(each.log)}")
        return counted(self.folder)


def neighbours(count: int) -> list[int]:
    """Return ports one behind the other; of the first it is known that it is free.

    >>> ports = neighbours(3)
    >>> [port - ports[0] for port in ports]
    [0, 1, 2]
    """
    (first,) = free_ports(1)
    return list(range(first, first + count))
