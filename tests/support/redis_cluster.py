"""A real Redis Cluster on this machine: primaries, a replica of each, slots that move and nodes that are killed."""

from __future__ import annotations

import signal
import time
from functools import partial
from typing import TYPE_CHECKING, Any

import redis

from tests.support.waiting import PATIENCE_S, wait_until
from tideline.scripts.localstack import process
from tideline.scripts.localstack import redis as server

if TYPE_CHECKING:
    from pathlib import Path

SLOTS = 16_384
_OPTIONS = (
    *("--cluster-enabled", "yes", "--cluster-node-timeout", "2000", "--cluster-require-full-coverage", "no"),
    *("--repl-diskless-sync-delay", "0"),
)


class Cluster:
    """So many primaries with a replica each, all slots shared out, once it is ready."""

    def __init__(self, root: Path, primaries: int) -> None:
        free = process.free_ports(4 * primaries)
        self.ports, self._buses = (
            free[: 2 * primaries],
            dict(zip(free[: 2 * primaries], free[2 * primaries :], strict=True)),
        )
        self.clients = {port: redis.Redis(port=port, socket_timeout=PATIENCE_S) for port in self.ports}
        self._managed = {
            port: server.start(root / str(port), port, *_OPTIONS, "--cluster-port", str(bus))
            for port, bus in self._buses.items()
        }
        deadline = time.monotonic() + PATIENCE_S
        for port, managed in self._managed.items():
            ready = partial(server.answers, f"redis://127.0.0.1:{port}")
            process.wait_ready("redis", ready, [managed], deadline)
        self.primaries = self.ports[:primaries]
        self._join(primaries)

    def _join(self, primaries: int) -> None:
        first = self.ports[0]
        for at, port in enumerate(self.primaries):
            begin, end = at * SLOTS // primaries, (at + 1) * SLOTS // primaries - 1
            self.ask(port, "CLUSTER", "ADDSLOTSRANGE", begin, end)
        for port, bus in self._buses.items():
            self.ask(first, "CLUSTER", "MEET", "127.0.0.1", port, bus)
        wait_until(
            "all nodes know each other", lambda: all(self._known(port) == len(self.ports) for port in self.ports)
        )
        for primary, replica in zip(self.primaries, self.ports[primaries:], strict=True):
            self.ask(replica, "CLUSTER", "REPLICATE", self.id_of(primary))
        wait_until("all slots are served", self.is_served)
        wait_until("replicas follow", lambda: all(self.replicated(port) for port in self.primaries))

    def ask(self, port: int, *words: Any) -> Any:
        """Return what a node answers."""
        return self.clients[port].execute_command(*words)  # type: ignore[no-untyped-call]

    def id_of(self, port: int) -> str:
        """Return a node's id."""
        return _text(self.ask(port, "CLUSTER", "MYID"))

    def is_served(self) -> bool:
        """Return whether every node that is left knows of one that is left for each slot."""
        return all(self._is_ok(port) and self._primaries(port) <= set(self.ports) for port in self.ports)

    def _primaries(self, port: int) -> set[int]:
        return {primary[1] for _, _, primary, *_ in self.ask(port, "CLUSTER", "SLOTS")}

    def _known(self, port: int) -> int:
        return int(self._info(port)["cluster_known_nodes"])

    def _is_ok(self, port: int) -> bool:
        info = self._info(port)
        return info["cluster_state"] == "ok" and info["cluster_slots_ok"] == str(SLOTS)

    def _info(self, port: int) -> dict[str, str]:
        found = self.ask(port, "CLUSTER", "INFO")
        if isinstance(found, dict):
            return {str(key): str(value) for key, value in found.items()}
        return dict(line.split(":", 1) for line in _text(found).split("\r\n") if line)

    def replicated(self, primary: int) -> bool:
        """Return whether a replica of a primary has all that it has."""
        found: Any = self.clients[primary].info("replication")
        copies = [each for name, each in found.items() if name.startswith("slave") and isinstance(each, dict)]
        return any(each["state"] == "online" and each["offset"] == found["master_repl_offset"] for each in copies)

    def move(self, slot: int, source: int, target: int, at_each_step: Any = lambda: None) -> None:
        """Move a slot with its keys, key by key, as a resharding does."""
        self.ask(target, "CLUSTER", "SETSLOT", slot, "IMPORTING", self.id_of(source))
        self.ask(source, "CLUSTER", "SETSLOT", slot, "MIGRATING", self.id_of(target))
        at_each_step()
        while keys := self.ask(source, "CLUSTER", "GETKEYSINSLOT", slot, 1):
            self.ask(source, "MIGRATE", "127.0.0.1", target, keys[0], 0, 5_000)
            at_each_step()
        for port in (target, source):
            self.ask(port, "CLUSTER", "SETSLOT", slot, "NODE", self.id_of(target))

    def kill(self, port: int) -> None:
        """End a node as a lost machine ends; what is asked of all is asked of the others from then on."""
        self.ports = [each for each in self.ports if each != port]
        process.send(self._managed[port], signal.SIGKILL)
        process.wait_gone([self._managed[port]], PATIENCE_S)

    def stop(self) -> None:
        """End all nodes."""
        for client in self.clients.values():
            client.close()
        process.stop(self._managed.values())

    def url(self, port: int | None = None) -> str:
        """Return the cluster's URL, by one of its nodes."""
        return f"redis+cluster://127.0.0.1:{port or self.ports[0]}"


def _text(found: Any) -> str:
    return found.decode() if isinstance(found, bytes) else str(found)
