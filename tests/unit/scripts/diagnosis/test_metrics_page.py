"""A page for Prometheus."""

from __future__ import annotations

import socket
from urllib.request import urlopen

import pytest

from tideline.schemas.errors import ConfigError
from tideline.scripts.diagnosis.metrics_page import served


def test_each_look_at_the_page_is_of_that_moment() -> None:
    """Contract: text as Prometheus takes it, made anew each time it is asked for."""
    looks = iter(("a 1\n", "a 2\n"))
    with served(lambda: next(looks), ("127.0.0.1", 0)) as server:
        for text in (b"a 1\n", b"a 2\n"):
            with urlopen(f"http://127.0.0.1:{server.server_port}/metrics") as answer:
                assert answer.read() == text
                assert answer.headers["Content-Type"] == "text/plain; version=0.0.4"
        server.shutdown()


def test_an_address_that_somebody_has_is_refused_in_one_line() -> None:
    """Contract: the option, its value and what is allowed, before anything is sent."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=f"--listen='127.0.0.1:{port}'.*an address that is free here"):
            served(lambda: "", ("127.0.0.1", port))
