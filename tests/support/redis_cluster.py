"""A real Redis Cluster on this machine: primaries, a replica of each, slots that move and nodes that are killed."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING, Any

import redis

from tests.support.waiting import PATIENCE_S, wait_until
from tideline.scripts.localstack import process, redis_cluster

if TYPE_CHECKING:
    from pathlib import Path


def a_replica_has_all(primary: redis.Redis) -> bool:
    """Return whether a replica of a server has all that it has."""
    found: Any = primary.info("replication")
    copies = [each for name, each in found.items() if name.startswith("slave") and isinstance(each, dict)]
    return any(each["state"] == "online" and each["offset"] == found["master_repl_offset"] for each in copies)


class Cluster:
    """So many primaries with a replica each, all slots shared out, once it is ready."""

    def __init__(self, root: Path, primaries: int) -> None:
        self._nodes = {node.port: node for node in redis_cluster.start(root, 2 * primaries)}
        self.ports = list(self._nodes)
        self.clients = {port: redis.Redis(port=port, socket_timeout=PATIENCE_S) for port in self.ports}
        redis_cluster.join([*self._nodes.values()], primaries, time.monotonic() + PATIENCE_S)
        self.primaries = self.ports[:primaries]
        for primary, replica in zip(self.primaries, self.ports[primaries:], strict=True):
            self.ask(replica, "CLUSTER", "REPLICATE", self.id_of(primary))
        wait_until("all slots are served", self.is_served)
        wait_until("replicas follow", lambda: all(self.replicated(port) for port in self.primaries))

    def ask(self, port: int, *words: Any) -> Any:
        """Return what a node answers."""
        return self.clients[port].execute_command(*words)  # type: ignore[no-untyped-call]

    def id_of(self, port: int) -> str:
        """Return a node's id."""
        found = self.ask(port, "CLUSTER", "MYID")
        return found.decode() if isinstance(found, bytes) else str(found)

    def is_served(self) -> bool:
        """Return whether every node that is left knows of one that is left for each slot."""
        return all(
            redis_cluster.is_ok(redis_cluster.state(port)) and self._primaries(port) <= set(self.ports)
            for port in self.ports
        )

    def _primaries(self, port: int) -> set[int]:
        return {primary[1] for _, _, primary, *_ in self.ask(port, "CLUSTER", "SLOTS")}

    def replicated(self, primary: int) -> bool:
        """Return whether a replica of a primary has all that it has."""
        return a_replica_has_all(self.clients[primary])

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
        process.send(self._nodes[port].process, signal.SIGKILL)
        process.wait_gone([self._nodes[port].process], PATIENCE_S)

    def stop(self) -> None:
        """End all nodes."""
        for client in self.clients.values():
            client.close()
        process.stop(node.process for node in self._nodes.values())

    def url(self, port: int | None = None) -> str:
        """Return the cluster's URL, by one of its nodes."""
        return redis_cluster.url(port or self.ports[0])
