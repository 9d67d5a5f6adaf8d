"""A broker of the local stack, as far as it goes without Java; with it: `tests/integration/scripts/localstack`."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import TYPE_CHECKING

import pytest

from tideline.scripts.localstack import StackError, kafka
from tideline.scripts.localstack.process import free_ports

if TYPE_CHECKING:
    from pathlib import Path


def test_without_its_jars_the_set_up_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Contract: before anything is written or started."""
    monkeypatch.setattr(kafka, "KAFKA_JARS", tmp_path / "none")
    with pytest.raises(StackError, match="jars are missing; run scripts/setup"):
        kafka.start(tmp_path / "stack", *free_ports(2))
    assert not (tmp_path / "stack").exists()


def test_a_port_where_nobody_listens_is_an_error_to_try_again_after() -> None:
    with pytest.raises(ConnectionRefusedError):
        kafka.answers(f"127.0.0.1:{free_ports(1)[0]}")


def test_who_listens_and_is_no_broker_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Contract: within the patience of one question, not an error."""
    monkeypatch.setattr(kafka, "_TIMEOUT_S", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def hang_up() -> None:
            with contextlib.suppress(OSError):
                while True:
                    server.accept()[0].close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        assert not kafka.answers(f"127.0.0.1:{server.getsockname()[1]}")
        server.shutdown(socket.SHUT_RDWR)
        thread.join()
