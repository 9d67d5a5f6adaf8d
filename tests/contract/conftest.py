"""A real Valkey server for the contract tests."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.list_stores import Memory, Real
from tests.support.redis_sentinel import Watched
from tests.support.waiting import PATIENCE_S
from tideline.scripts.localstack import process, redis


class Server:
    """One server on a port of its own that can be stopped and started again, empty."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._port = process.free_ports(1)[0]
        self.url = f"redis://127.0.0.1:{self._port}/0"

    def start(self) -> None:
        self._managed = redis.start(self._root, self._port)
        deadline = time.monotonic() + PATIENCE_S
        process.wait_ready("redis", lambda: redis.answers(self.url), [self._managed], deadline)

    def stop(self) -> None:
        process.stop([self._managed])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server for all tests of a module; each takes a prefix of its own."""
    running = Server(tmp_path_factory.mktemp("valkey"))
    running.start()
    yield running
    running.stop()


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Server]:
    """A server that the test may break."""
    running = Server(tmp_path)
    running.start()
    yield running
    running.stop()


@pytest.fixture
def once() -> Callable[[Callable[[], None]], Callable[[float], None]]:
    """Makes a `sleep` that does something the first time instead of waiting, and then waits no longer."""

    def make(act: Callable[[], None]) -> Callable[[float], None]:
        pending = [act]

        def sleep(_: float) -> None:
            if pending:
                pending.pop()()

        return sleep

    return make


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """A primary that sentinels watch; each test takes a prefix of its own."""
    running = Watched(tmp_path_factory.mktemp("watched"))
    yield running
    running.stop()


@pytest.fixture(scope="module", params=["memory", "valkey", "sentinel"])
def place(request: pytest.FixtureRequest) -> str | None:
    """The URL of a server that is there as long as the module's tests run; None for none."""
    if request.param == "memory":
        return None
    if request.param == "valkey":
        server: Server = request.getfixturevalue("server")
        return server.url
    watched: Watched = request.getfixturevalue("watched")
    return watched.url()


@pytest.fixture
def lists(place: str | None) -> Iterator[Memory | Real]:
    if place is None:
        yield Memory()
        return
    real = Real(place)
    yield real
    real.close()


@pytest.fixture
def real(server: Server) -> Iterator[Real]:
    lists = Real(server.url)
    yield lists
    lists.close()
