"""Contract: a console that others can reach needs tokens of its own, kept where nobody else reads them."""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING, Any

import pytest

from tideline.schemas.errors import ConfigError
from tideline.scripts.console.serving import address_of, bound, hosts_of, is_loopback, tokens_of
from tideline.scripts.console.sessions import LEAST_TOKEN, Role

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("host", "local"),
    [("127.0.0.1", True), ("127.8.8.8", True), ("::1", True), ("localhost", True), ("192.0.2.1", False), ("::", False),
     ("localhost.evil.example", False), ("10.0.0.1", False), ("", False)],
)  # fmt: skip
def test_only_this_machine_is_local(host: str, local: bool) -> None:
    assert is_loopback(host) is local


def test_without_a_file_a_token_is_made_for_this_machine_alone() -> None:
    (viewer,), (operator,) = tokens_of(None, "127.0.0.1", False).items(), tokens_of(None, "127.0.0.1", True).items()
    assert (viewer[1], operator[1]) == (Role.VIEWER, Role.OPERATOR)
    assert viewer[0] != operator[0]
    assert len(viewer[0]) >= LEAST_TOKEN
    with pytest.raises(ConfigError, match="--token-file"):
        tokens_of(None, "192.0.2.1", False)


def test_behind_a_proxy_no_token_is_made_and_none_is_printed() -> None:
    """Contract: a token nobody asked for would be a second door; a file of tokens still opens it."""
    assert tokens_of(None, "192.0.2.1", True, behind_proxy=True) == {}
    assert address_of("192.0.2.1", 8900, {}) == "http://192.0.2.1:8900/#/health"


def _file(path: Path, stated: Any, mode: int = 0o600) -> Path:
    path.write_text(stated if isinstance(stated, str) else json.dumps(stated))
    path.chmod(mode)
    return path


def test_a_file_gives_each_role_its_token(tmp_path: Path) -> None:
    stated = {"viewer": "v" * 32, "operator": "o" * 32}
    assert tokens_of(_file(tmp_path / "t", stated), "192.0.2.1", True) == {
        "v" * 32: Role.VIEWER,
        "o" * 32: Role.OPERATOR,
    }


@pytest.mark.parametrize(
    "stated",
    [
        "",
        "x",
        "[]",
        {},
        {"admin": "a" * 32},
        {"viewer": "short"},
        {"viewer": 7},
        {"viewer": "v" * 32, "operator": "v" * 32},
    ],
)
def test_a_file_that_cannot_be_used_is_refused_and_not_printed(tmp_path: Path, stated: Any) -> None:
    with pytest.raises(ConfigError, match="--token-file") as refused:
        tokens_of(_file(tmp_path / "t", stated), "127.0.0.1", False)
    assert "v" * 32 not in str(refused.value)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
def test_a_file_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    with pytest.raises(ConfigError, match="chmod 600"):
        tokens_of(_file(tmp_path / "t", {"viewer": "v" * 32}, mode), "127.0.0.1", False)


def test_hosts_are_those_of_the_address_and_what_is_allowed_beside() -> None:
    assert hosts_of("127.0.0.1", 8900, ["Console.Shop"]) == {
        "127.0.0.1:8900", "localhost:8900", "[::1]:8900", "console.shop"
    }  # fmt: skip
    assert hosts_of("10.0.0.5", 80, []) == {"10.0.0.5:80"}


def test_the_address_has_its_token_where_no_server_and_no_log_sees_it() -> None:
    address = address_of("localhost", 8900, {"v" * 32: Role.VIEWER, "o" * 32: Role.OPERATOR})
    assert address == f"http://127.0.0.1:8900/#/health?token={'o' * 32}"


def test_an_address_that_is_taken_is_refused_in_a_line() -> None:
    with bound("127.0.0.1", 0) as taken:
        with pytest.raises(ConfigError, match="--port"):
            bound("127.0.0.1", taken.getsockname()[1])
        with socket.create_connection(taken.getsockname()[:2], timeout=5):
            pass  # it listens before it is told
    with pytest.raises(ConfigError, match="--host"):
        bound("no.such.host.invalid", 0)
