"""A real primary with a replica and three sentinels on this machine, which take over when they are let."""

from __future__ import annotations

import os
import signal
import time
from functools import partial
from typing import TYPE_CHECKING, Any

import redis

from tests.support.redis_cluster import a_replica_has_all
from tests.support.waiting import PATIENCE_S, wait_until
from tideline.scripts.localstack import process
from tideline.scripts.localstack import redis as server

if TYPE_CHECKING:
    from pathlib import Path

NAME = "lists"
_SENTINELS, _QUORUM = 3, 2
_SOON_MS = 1_000
# A busy machine makes a healthy server late: nobody takes over before a test says so.
_NOT_YET_MS = 3_600_000


class Watched:
    """The servers and who watches them, once all know each other."""

    def __init__(self, root: Path) -> None:
        free = process.free_ports(2 + _SENTINELS)
        self.servers, self.sentinels = free[:2], free[2:]
        first, second = self.servers
        self.clients = {port: redis.Redis(port=port, socket_timeout=PATIENCE_S) for port in free}
        self._managed: dict[int, process.Managed] = {}
        try:
            self._start(root, first, second)
        except BaseException:
            self.stop()
            raise

    def _start(self, root: Path, first: int, second: int) -> None:
        more = ("--repl-diskless-sync-delay", "0")
        self._managed[first] = server.start(root / str(first), first, *more)
        self._managed[second] = server.start(root / str(second), second, *more, "--replicaof", f"127.0.0.1 {first}")
        self._wait_ready(self.servers)
        for port in self.sentinels:
            self._managed[port] = _start_sentinel(root / str(port), port, first)
        self._wait_ready(self.sentinels)
        wait_until("the sentinels know each other and the replica", lambda: all(map(self._knows_all, self.sentinels)))

    def _wait_ready(self, ports: list[int]) -> None:
        deadline = time.monotonic() + PATIENCE_S
        for port in ports:
            ready = partial(server.answers, f"redis://127.0.0.1:{port}")
            process.wait_ready("redis", ready, [self._managed[port]], deadline)

    def _knows_all(self, port: int) -> bool:
        state: Any = self.clients[port].sentinel_masters()[NAME]  # type: ignore[no-untyped-call]
        return bool(state["num-other-sentinels"] == _SENTINELS - 1 and state["num-slaves"] == 1)

    def ask(self, port: int, *words: Any) -> Any:
        """Return what a server or a sentinel answers."""
        return self.clients[port].execute_command(*words)  # type: ignore[no-untyped-call]

    def primary(self) -> int:
        """Return the port of the primary as the first sentinel has it."""
        _, port = self.ask(self.sentinels[0], "SENTINEL", "GET-MASTER-ADDR-BY-NAME", NAME)
        return int(port)

    def replicated(self) -> bool:
        """Return whether a replica has all that its primary has."""
        return a_replica_has_all(self.clients[self.primary()])

    def kill_primary(self) -> int:
        """End it as a lost machine ends, let it be noticed, and return its port."""
        port = self.primary()
        for each in self.sentinels:
            self.ask(each, "SENTINEL", "SET", NAME, "down-after-milliseconds", _SOON_MS)
        process.send(self._managed[port], signal.SIGKILL)
        process.wait_gone([self._managed[port]], PATIENCE_S)
        return port

    def hand_over(self) -> int:
        """Make the replica the primary while both are well; return the port of the primary before."""
        port = self.primary()
        self.ask(self.sentinels[0], "SENTINEL", "FAILOVER", NAME)
        return port

    def url(self) -> str:
        """Return the URL of the primary, whichever it is; one of those named is nobody."""
        (nobody,) = process.free_ports(1)
        hosts = ",".join(f"127.0.0.1:{port}" for port in (nobody, *self.sentinels))
        return f"redis+sentinel://{hosts}/{NAME}"

    def stop(self) -> None:
        """End all of them."""
        for client in self.clients.values():
            client.close()
        process.stop(self._managed.values())


def _start_sentinel(root: Path, port: int, primary: int) -> process.Managed:
    root.mkdir(parents=True)
    settings = root / "sentinel.conf"
    lines = [
        f"port {port}",
        "bind 127.0.0.1",
        f"dir {root}",
        f"sentinel monitor {NAME} 127.0.0.1 {primary} {_QUORUM}",
        f"sentinel down-after-milliseconds {NAME} {_NOT_YET_MS}",
        f"sentinel failover-timeout {NAME} 10000",
    ]
    settings.write_text("\n".join(lines) + "\n")
    argv = [server._binary(), str(settings), "--sentinel"]
    return process.spawn("sentinel", argv, dict(os.environ), root, root / "log" / "sentinel.log")
