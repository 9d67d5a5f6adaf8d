"""A TCP proxy whose link can be made slow and narrow, and good again, while connections go on."""

from __future__ import annotations

import queue
import socket
import threading
import time
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from types import TracebackType

_CHUNK = 4096
_CHUNKS_UNDER_WAY = 64


class _Link(NamedTuple):
    delay_s: float
    bytes_per_s: float


_GOOD = _Link(0.0, float("inf"))


class SlowLink:
    """While it is open: passes connections on to a port of this machine; the two directions have a link each."""

    def __init__(self, target_port: int) -> None:
        self._target = ("127.0.0.1", target_port)
        self._link = _GOOD
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, name="slow-link", daemon=True).start()

    def __enter__(self) -> SlowLink:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # The listener alone: what is connected goes on until one of its ends closes.
        self._listener.close()

    def spoil(self, delay_s: float, bytes_per_s: float) -> None:
        """Let everything come so much later, and no more than so much of each connection in a second."""
        self._link = _Link(delay_s, bytes_per_s)

    def mend(self) -> None:
        """Pass everything on at once again."""
        self._link = _GOOD

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(self._target)
            for source, target in ((client, server), (server, client)):
                under_way: queue.Queue[tuple[float, bytes]] = queue.Queue(_CHUNKS_UNDER_WAY)
                threading.Thread(target=self._take, args=(source, under_way), daemon=True).start()
                threading.Thread(target=_give, args=(target, under_way), daemon=True).start()

    def _take(self, source: socket.socket, under_way: queue.Queue[tuple[float, bytes]]) -> None:
        """Read until the end and note when each piece may arrive; an empty piece is the end."""
        free_at, piece = 0.0, b"-"
        while piece:
            try:
                piece = source.recv(_CHUNK)
            except OSError:
                piece = b""
            link = self._link
            free_at = max(free_at, time.monotonic()) + len(piece) / link.bytes_per_s
            under_way.put((free_at + link.delay_s, piece))


def _give(target: socket.socket, under_way: queue.Queue[tuple[float, bytes]]) -> None:
    """Write each piece when it is due; one that nobody takes any more is dropped, and so is the rest."""
    while True:
        due, piece = under_way.get()
        time.sleep(max(0.0, due - time.monotonic()))
        try:
            if piece:
                target.sendall(piece)
                continue
            target.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        if not piece:
            target.close()
            return
