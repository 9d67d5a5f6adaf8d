"""A console on a port of its own in front of a deployment in memory, and the browser that looks at it."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.support.chromium import Served
from tests.support.console_world import COOKIE, TOKENS, MemoryDeployment, console_of
from tideline.scripts.console.guard import Guard
from tideline.scripts.console.serving import bound, hosts_of, server_of
from tideline.scripts.console.sessions import Sessions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager


@pytest.fixture
def served() -> Callable[..., AbstractContextManager[Served]]:
    """Serve a console of a deployment in memory while the context lasts; `writes` as its option."""

    @contextmanager
    def serve(deployment: MemoryDeployment, writes: str | None = None) -> Iterator[Served]:
        with bound("127.0.0.1", 0) as listening:
            port = int(listening.getsockname()[1])
            guard = Guard(Sessions(TOKENS), hosts_of("127.0.0.1", port, []), COOKIE, writes is not None)
            server = server_of(console_of(deployment, writes, show_ids=True, guard=guard).application())
            thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
            thread.start()
            try:
                yield Served(f"http://127.0.0.1:{port}/", "o" * 32)
            finally:
                server.should_exit = True
                thread.join()

    return serve
