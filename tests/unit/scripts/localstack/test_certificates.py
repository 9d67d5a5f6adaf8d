"""Contract: a certificate of one's own is for 127.0.0.1, from the CA beside it, its key nobody else's to read."""

from __future__ import annotations

import socket
import ssl
import threading
from pathlib import Path

import pytest

from tideline.scripts.localstack.certificates import certificates
from tideline.scripts.localstack.errors import StackError


def shaken(ca: Path, server: Path, host: str) -> str:
    """Let a client that trusts one CA meet a server; return whom it met."""
    inside = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    inside.load_cert_chain(server)
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            accepted, _ = listening.accept()
            try:
                with inside.wrap_socket(accepted, server_side=True) as ours:
                    ours.recv(1)
            except OSError:
                accepted.close()

        serving = threading.Thread(target=serve)
        serving.start()
        try:
            outside = ssl.create_default_context(cafile=str(ca))
            with (
                socket.create_connection(listening.getsockname()) as plain,
                outside.wrap_socket(plain, server_hostname=host) as ours,
            ):
                return str(ours.getpeercert())
        finally:
            serving.join()


def test_who_trusts_the_ca_meets_this_machine_and_no_other(tmp_path: Path) -> None:
    ca, server = certificates(tmp_path / "new", "kafka")
    other, _ = certificates(tmp_path, "other")
    assert "127.0.0.1" in shaken(ca, server, "127.0.0.1")
    for trusted, host in ((other, "127.0.0.1"), (ca, "shop.example")):
        with pytest.raises(ssl.SSLCertVerificationError):
            shaken(trusted, server, host)
    assert server.stat().st_mode & 0o077 == 0


def test_without_openssl_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(StackError, match="openssl is missing"):
        certificates(tmp_path, "kafka")
