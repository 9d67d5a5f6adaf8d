"""Contract: which Redis is meant is found in one order, and no error tells a password."""

from __future__ import annotations

import argparse
import socket
from typing import TYPE_CHECKING

import pytest
from redis.exceptions import AuthenticationError, NoPermissionError

from tideline.schemas.errors import ConfigError, Unavailable
from tideline.scripts.commands.redis_target import RedisTarget, opened, read_redis_target
from tideline.scripts.localstack import StackError
from tideline.scripts.localstack import state as states
from tideline.scripts.localstack.state import StackState
from tideline.scripts.parsers.verb_parser import add_redis

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def stacks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two local stacks, and an environment that names no Redis."""
    monkeypatch.setattr(states, "STACKS", tmp_path / "stacks")
    monkeypatch.delenv("TIDELINE_REDIS_URL", raising=False)
    for name in ("default", "other"):
        StackState(name, "127.0.0.1:1", f"redis://{name}:1/0", "http://127.0.0.1:2").save()


def read(*argv: str) -> RedisTarget:
    parser = argparse.ArgumentParser()
    parser.add_argument("--stack")
    add_redis(parser)
    return read_redis_target(parser.parse_args(argv))


def test_a_file_goes_before_a_url_and_a_url_before_the_environment_and_that_before_the_default_stack(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Contract: what is said nearest to the command counts; a stack that is named goes before the environment."""
    assert read() == RedisTarget("redis://default:1/0", of_stack=True)
    monkeypatch.setenv("TIDELINE_REDIS_URL", "redis://:secret@environment:1/0")
    assert read() == RedisTarget("redis://:secret@environment:1/0")
    assert read("--stack", "other") == RedisTarget("redis://other:1/0", of_stack=True)
    given = ("--redis-url", "redis://option:1/0")
    assert read(*given, "--stack", "other") == RedisTarget("redis://option:1/0")
    (tmp_path / "url").write_text("redis://:secret@file:1/0\n", encoding="utf-8-sig")
    assert read(*given, "--redis-url-file", str(tmp_path / "url")) == RedisTarget("redis://:secret@file:1/0")


def test_a_stack_that_is_not_up_is_an_error_and_not_another_redis() -> None:
    """Contract: no stack is taken in the place of the one that was named."""
    with pytest.raises(StackError, match="'third' is not up"):
        read("--stack", "third")


def test_a_file_that_is_no_text_is_refused_with_its_name(tmp_path: Path) -> None:
    """Contract: the error names option and file, not the bytes."""
    (tmp_path / "url").write_bytes(b"redis://:\xffsecret@h")
    with pytest.raises(ConfigError, match=r"--redis-url-file.*readable text file") as refused:
        read("--redis-url-file", str(tmp_path / "url"))
    assert "secret" not in str(refused.value)


def test_a_server_that_does_not_answer_is_unavailable_and_the_password_is_not_told() -> None:
    """Contract: the error of the client never gets out, nor what stands before the @."""
    with socket.socket() as bound:  # a port that is taken and that nobody listens on
        bound.bind(("127.0.0.1", 0))
        url = f"redis://:secret@127.0.0.1:{bound.getsockname()[1]}/0"
        with pytest.raises(Unavailable, match="does not answer: ConnectionError") as found, opened(url) as client:
            client.ping()
    assert "secret" not in str(found.value)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (AuthenticationError("WRONGPASS no such user\nmore"), "refuses the login: WRONGPASS no such user"),
        (NoPermissionError("NOPERM no right to get"), "does not let this user do so: NOPERM no right to get"),
    ],
)
def test_a_refusal_is_told_from_an_absence_in_one_line(error: Exception, told: str) -> None:
    """Contract: whether a login, a right or the server is lacking is said, with the first line of the server's word."""
    with pytest.raises(Unavailable) as found, opened("redis://:secret@h:1/0"):
        raise error
    assert str(found.value).endswith(told)
    assert "secret" not in str(found.value)
