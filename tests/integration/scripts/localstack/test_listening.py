"""Contract: a local stack listens to its own machine alone, but for the metrics ports, as docs/operate.md says."""

from __future__ import annotations

import socket
import struct
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tideline.scripts.localstack import Stack

pytestmark = pytest.mark.integration
_LISTENS = "0A"
Address = IPv4Address | IPv6Address


def _address(text: str) -> Address:
    """Return an address as the kernel writes it: words of 32 bits in the order of the machine."""
    words = [int(text[at : at + 8], 16) for at in range(0, len(text), 8)]
    return ip_address(struct.pack(f"={len(words)}I", *words))


def _is_loopback(address: Address) -> bool:
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_loopback


def _sockets() -> Iterator[tuple[str, Address, int]]:
    """Yield inode, address and port of everything on this machine that listens."""
    for name in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]:
            _, local, _, state, *rest = line.split()
            if state == _LISTENS:
                address, _, port = local.partition(":")
                yield rest[5], _address(address), int(port, 16)


def _of_sessions(sessions: set[int]) -> set[str]:
    """Return the inodes of the sockets of all processes of some sessions; what has just been closed is none."""
    found: set[str] = set()
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if int((folder / "stat").read_text().rpartition(")")[2].split()[3]) in sessions:
                found |= {inode for each in (folder / "fd").iterdir() if (inode := _inode(each))}
    return found


def _inode(descriptor: Path) -> str:
    with suppress(OSError):
        kind, _, inode = str(descriptor.readlink()).partition(":[")
        return inode[:-1] if kind == "socket" else ""
    return ""


def _listening(sessions: set[int]) -> dict[int, Address]:
    theirs = _of_sessions(sessions)
    return {port: address for inode, address, port in _sockets() if inode in theirs}


def test_the_look_finds_what_listens_and_where() -> None:
    """Contract: of both families, here of this process."""
    own = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[3])
    with socket.create_server(("127.0.0.1", 0)) as inside, socket.create_server(("", 0)) as outside:
        found = _listening({own})
        assert _is_loopback(found[inside.getsockname()[1]])
        assert not _is_loopback(found[outside.getsockname()[1]])
    assert _is_loopback(ip_address("::ffff:127.0.0.1"))


def test_nobody_outside_reaches_a_local_stack_but_for_its_metrics(stack: Stack) -> None:
    """Contract: broker, Redis, REST, RPC and data of every process are on loopback; metrics, which Flink's reporter
    binds to every address, are on the ports that the stack knows."""
    sessions = {each.pid for each in stack.processes}
    metrics = {each.metrics_port for each in stack.processes if each.metrics_port}
    found = wait_until("all of it listens", lambda: got if metrics <= (got := _listening(sessions)).keys() else {})
    assert len(found) > len(metrics) + 3
    outside = {port for port, address in found.items() if not _is_loopback(address)}
    assert outside <= metrics
