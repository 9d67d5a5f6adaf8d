"""A page of metrics that Prometheus reads, beside whatever a command does."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from tideline.schemas.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable


def served(text: Callable[[], str], address: tuple[str, int]) -> ThreadingHTTPServer:
    """Answer every GET at an address with what `text` returns then, in threads of its own, until it is closed.

    Raises:
        ConfigError: the address cannot be had.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = text().encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing: Prometheus asks every few seconds."""

    try:
        server = ThreadingHTTPServer(address, Handler)
    except OSError as error:
        raise ConfigError(
            "--listen", f"{address[0]}:{address[1]}", f"an address that is free here ({error})"
        ) from error
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server
