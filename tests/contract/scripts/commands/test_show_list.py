"""Contract: `tideline list` reads any list of any user from a real server: with a login, over TLS, by a frontend."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
import redis

from tideline.scripts.commands.show_list import main
from tideline.scripts.localstack.certificates import certificates

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.contract.conftest import Server

_LIST = b'{"v":[1,1700000000000,3],"m":2,"i":["a1"],"e":[10],"k":"t"}'
_USERS = ["u1", "usuário 1", "-x", "a:b", "{u}", "*", "a\nb", "用户", "x" * 500, "redis://"]
Captured = pytest.CaptureFixture[str]


@pytest.fixture
def url(own_server: Server) -> str:
    """A server with a list of each user, read with the rights of a frontend."""
    with redis.Redis.from_url(own_server.url) as admin:
        for user in _USERS:
            admin.set(f"tideline:list:{user}".encode(), _LIST)
        admin.set("tideline:list:broken", "{}")
        admin.set("other:popular", _LIST)
        admin.execute_command("ACL", "SETUSER", "frontend", "on", ">p/w", "~tideline:list:*", "~tideline:stops", "+get")
    return own_server.url.replace("redis://", "redis://frontend:p%2Fw@")


@pytest.fixture
def file(url: str, tmp_path: Path) -> str:
    (tmp_path / "redis.url").write_text(f"{url}\n")
    return str(tmp_path / "redis.url")


@pytest.mark.parametrize("user", _USERS)
def test_the_list_of_a_user_with_any_characters_is_found(user: str, file: str, capsys: Captured) -> None:
    assert main(["--json", "--redis-url-file", file, "--", user]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["key"], found["entries"][0]["activity_id"]) == (f"tideline:list:{user}", "a1")


def test_the_url_may_come_from_the_environment(url: str, capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIDELINE_REDIS_URL", url)
    assert main(["u1"]) == 0
    assert "over, no longer shown" in capsys.readouterr().out


def test_what_cannot_be_read_is_said_in_one_line_without_the_password(
    url: str, file: str, tmp_path: Path, own_server: Server, capsys: Captured
) -> None:
    """Contract: no list, none that can be read, a wrong password, a missing right and no server: status 1."""
    (tmp_path / "wrong").write_text(url.replace("p%2Fw", "other"))
    closed = own_server.url.replace(str(urlsplit(own_server.url).port), "1")
    for argv, reason in (
        (["nobody", "--redis-url-file", file], "there is no 'tideline:list:nobody'"),
        (["broken", "--redis-url-file", file], "is no list"),
        (["--popular", "--prefix", "other", "--redis-url-file", file], "does not let this user do so"),
        (["u1", "--redis-url-file", str(tmp_path / "wrong")], "refuses the login"),
        (["u1", "--redis-url", closed], "does not answer: ConnectionError"),
    ):
        assert main(argv) == 1
        told = capsys.readouterr()
        assert told.out == ""
        assert reason in told.err
        assert told.err.count("\n") == 1
        assert "p%2Fw" not in told.err
        assert "p/w" not in told.err


def test_a_server_behind_tls_is_read(url: str, tmp_path: Path, capsys: Captured) -> None:
    """Contract: rediss:// with a certificate of the caller's own CA, and a login."""
    ca, server = certificates(tmp_path, "redis")
    with _behind_tls(server, urlsplit(url).port or 0) as port:
        login = url.rpartition("@")[0].replace("redis://", "rediss://")
        (tmp_path / "tls.url").write_text(f"{login}@127.0.0.1:{port}/0?ssl_ca_certs={ca}")
        assert main(["u1", "--redis-url-file", str(tmp_path / "tls.url")]) == 0
        assert "a1" in capsys.readouterr().out
        (tmp_path / "tls.url").write_text(f"{login}@127.0.0.1:{port}/0")
        assert main(["u1", "--redis-url-file", str(tmp_path / "tls.url")]) == 1
        assert "certificate verify failed" in capsys.readouterr().err


@contextmanager
def _behind_tls(certificate: Path, plain_port: int) -> Iterator[int]:
    """Listen with TLS and hand each connection on: the server that comes along was built without."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    accepted, _ = listener.accept()
                except OSError:
                    return
                with (
                    suppress(OSError),
                    context.wrap_socket(accepted, server_side=True) as outer,
                    socket.create_connection(("127.0.0.1", plain_port)) as inner,
                ):
                    threading.Thread(target=_pump, args=(inner, outer), daemon=True).start()
                    _pump(outer, inner)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
    thread.join(10)


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while part := source.recv(1 << 16):
            sink.sendall(part)


def test_lists_of_placements_are_found(own_server: Server, capsys: Captured) -> None:
    with redis.Redis.from_url(own_server.url) as admin:
        for key in ("place:cart:u:1", "popular:cart"):
            admin.set(f"tideline:{key}", _LIST)
    for argv, key in ((["u:1"], "place:cart:u:1"), (["--popular"], "popular:cart")):
        assert main([*argv, "--placement", "cart", "--json", "--redis-url", own_server.url]) == 0
        assert json.loads(capsys.readouterr().out)["key"] == f"tideline:{key}"
