"""Contract: a Redis with TLS and logins: who may do what docs/operate.md says can do that, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import redis
from redis.exceptions import AuthenticationError

from tests.support.secure_redis import SecureRedis, may_run
from tests.support.waiting import PATIENCE_S
from tideline.scripts.localstack.certificates import certificates
from tideline.scripts.localstack.secure_redis import ADMIN
from tideline.udfs.io.list_store import ListStore, WriteCounts

if TYPE_CHECKING:
    from collections.abc import Iterator

_LIST = b'{"v":[1,1700000000000,1],"m":1,"i":[],"e":[],"k":"t"}'


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecureRedis]:
    """A server for all tests of the file."""
    running = SecureRedis(tmp_path_factory.mktemp("redis"))
    yield running
    running.stop()


@pytest.mark.parametrize(
    ("login", "commands"),
    [("tideline", {"eval", "getrange", "set"}), ("frontend", {"get", "mget"}),
     ("replay", {"eval", "getrange", "set", "scan", "mget"})],
)  # fmt: skip
def test_of_all_commands_of_the_server_a_login_may_run_these_alone(
    secured: SecureRedis, login: str, commands: set[str]
) -> None:
    """Contract: each of the 200 and more is asked for, subcommands too, by the server's own word."""
    with redis.Redis.from_url(secured.url(ADMIN)) as admin:
        assert may_run(admin, login) == commands
        assert len(may_run(admin, ADMIN)) > 200


@pytest.mark.parametrize(
    "words",
    [
        ("tideline", "SET", "sessions:u1", "x"),
        ("tideline", "GETRANGE", "sessions:u1", "0", "9"),
        ("tideline", "EVAL", "return redis.call('set', 'other:k', 'x')", "0"),
        ("tideline", "EVAL", "return redis.call('set', KEYS[1], 'x')", "1", "sessions:u1"),
        ("tideline", "EVAL", "return redis.call('del', KEYS[1])", "1", "tideline:list:u1"),
        ("frontend", "GET", "tideline:other"),
        ("frontend", "GET", "sessions:u1"),
        ("frontend", "MGET", "tideline:popular", "sessions:u1"),
    ],
    ids=" ".join,
)
def test_foreign_keys_are_refused_inside_scripts_too(secured: SecureRedis, words: tuple[str, ...]) -> None:
    login, *command = words
    with (
        redis.Redis.from_url(secured.url(login)) as client,
        pytest.raises(redis.ResponseError, match=r"permission|can't (run|access)"),
    ):
        client.execute_command(*command)


def test_the_job_writes_and_a_frontend_reads_over_tls(secured: SecureRedis) -> None:
    store = ListStore(secured.url("tideline"), "tideline", ttl_ms=60_000, deadline_s=PATIENCE_S)
    try:
        assert store.write([b"u-1"], [_LIST]) == WriteCounts(written=1, same=0, older=0, erased=0)
    finally:
        store.close()
    with redis.Redis.from_url(secured.url("frontend")) as client:
        assert client.get("tideline:list:u-1") == _LIST


def test_nobody_comes_in_by_another_door(secured: SecureRedis, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Contract: no login, a wrong password, a name that is none, a foreign CA, no TLS: each is refused."""
    foreign, _ = certificates(tmp_path_factory.mktemp("other"), "other")
    place = f"127.0.0.1:{secured.port}/0"
    doors: dict[str, type[Exception]] = {
        f"rediss://{place}?ssl_ca_certs={secured.ca}": AuthenticationError,
        secured.url("tideline", password="guessed"): AuthenticationError,
        secured.url("nobody"): AuthenticationError,
        secured.url("tideline", ca=foreign): redis.ConnectionError,
        secured.url("tideline").partition("?")[0]: redis.ConnectionError,
        f"redis://{place}": redis.ConnectionError,
    }
    for url, refusal in doors.items():
        with redis.Redis.from_url(url, socket_timeout=PATIENCE_S) as client, pytest.raises(refusal):
            client.get("tideline:list:u-1")
