"""A Redis Cluster of this machine: Valkey servers that share all slots."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import redis as client

from tideline.scripts.localstack import redis
from tideline.scripts.localstack.errors import StackError
from tideline.scripts.localstack.process import POLL_INTERVAL_S, Managed, free_ports, wait_ready

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

SLOTS = 16_384
_TIMEOUT_S = 10.0
_OPTIONS = (
    *("--cluster-enabled", "yes", "--cluster-node-timeout", "2000", "--cluster-require-full-coverage", "no"),
    *("--repl-diskless-sync-delay", "0"),
)


class Node(NamedTuple):
    """A server, the port that clients take and the one that other nodes do."""

    port: int
    bus: int
    process: Managed


def start(root: Path, count: int) -> Iterator[Node]:
    """Starts so many servers, `redis-1` and on, each when it is asked for; they know nothing of each other yet."""
    free = free_ports(2 * count)
    for number, (port, bus) in enumerate(zip(free[:count], free[count:], strict=True), start=1):
        own = (*_OPTIONS, "--cluster-port", str(bus))
        yield Node(port, bus, redis.start(root, port, *own, name=f"redis-{number}"))


def join(nodes: Sequence[Node], primaries: int, deadline: float) -> None:
    """Lets all of them know each other and gives each of the first ones its part of the slots.

    Raises:
        StackError: They did not serve all slots until then.
    """
    for node in nodes:
        ready = partial(redis.answers, f"redis://127.0.0.1:{node.port}")
        wait_ready(f"Redis at 127.0.0.1:{node.port}", ready, [node.process], deadline)
    for at, node in enumerate(nodes[:primaries]):
        begin, end = at * SLOTS // primaries, (at + 1) * SLOTS // primaries - 1
        ask(node.port, "CLUSTER", "ADDSLOTSRANGE", begin, end)
    for node in nodes[1:]:
        ask(nodes[0].port, "CLUSTER", "MEET", "127.0.0.1", node.port, node.bus)
    ports = [node.port for node in nodes]
    while not all(_knows(port, len(nodes)) for port in ports):
        if time.monotonic() > deadline:
            raise StackError(f"the nodes of a Redis Cluster at ports {ports} do not find each other")
        time.sleep(POLL_INTERVAL_S)


def _knows(port: int, nodes: int) -> bool:
    info = state(port)
    return int(info["cluster_known_nodes"]) == nodes and is_ok(info)


def is_ok(info: dict[str, str]) -> bool:
    """Whether a node that says so serves, and every slot is served by one that it sees."""
    return info["cluster_state"] == "ok" and info["cluster_slots_ok"] == str(SLOTS)


def state(port: int) -> dict[str, str]:
    """What a node says of the cluster."""
    lines = ask(port, "CLUSTER", "INFO").decode().split("\r\n")
    return dict(line.split(":", 1) for line in lines if line)


def ask(port: int, *words: Any) -> Any:
    """What a node answers, as it is on the wire."""
    with client.Redis(port=port, socket_timeout=_TIMEOUT_S) as node:
        node.response_callbacks.clear()
        return node.execute_command(*words)


def url(port: int) -> str:
    """The URL of the cluster that the node at that port is of."""
    return f"redis+cluster://127.0.0.1:{port}"
