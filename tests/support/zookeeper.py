"""A ZooKeeper server, for Flink's high availability."""

from __future__ import annotations

import os
import socket
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.support.waiting import PATIENCE_S
from tideline.scripts.localstack import process
from tideline.scripts.localstack.paths import STATE_FOLDER, java

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_JARS = STATE_FOLDER / "jars" / "zookeeper"
_SERVER = "org.apache.zookeeper.server.ZooKeeperServerMain"
# No web page on port 8080, and nothing of four letters but the question whether it serves.
_QUIET = ("-Dzookeeper.admin.enableServer=false", "-Dzookeeper.4lw.commands.whitelist=srvr")


@contextmanager
def zookeeper(folder: Path) -> Iterator[str]:
    """Run a server of its own, as long as it is needed; gives its address."""
    (port,) = process.free_ports(1)
    argv = [java(), "-Xmx128m", "-XX:TieredStopAtLevel=1", *_QUIET, "-cp", f"{_JARS}/*", _SERVER]
    argv += [str(port), str(folder / "zookeeper")]
    server = process.spawn("zookeeper", argv, dict(os.environ), folder / "zookeeper", folder / "zookeeper.log")
    try:
        process.wait_ready("zookeeper", lambda: _serves(port), [server], time.monotonic() + PATIENCE_S)
        yield f"127.0.0.1:{port}"
    finally:
        process.stop([server])


def _serves(port: int) -> bool:
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S) as connection:
        connection.sendall(b"srvr")
        return b"Zookeeper version" in connection.recv(4096)
