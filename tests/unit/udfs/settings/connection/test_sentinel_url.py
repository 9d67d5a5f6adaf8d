"""Contract: a URL of sentinels says who is asked, for which primary, and with which login each of them is reached."""

from __future__ import annotations

from redis.connection import SSLConnection

from tideline.udfs.settings.connection.redis_url import mask_url, read_url
from tideline.udfs.settings.connection.sentinel_url import primary_pool, watched

_URL = (
    "rediss+sentinel://app:p%23w@a:1,[::1]:2,c/main/3?socket_timeout=1.5&ssl_ca_certs=/ca.pem"
    "&sentinel_username=watch&sentinel_password=s%26%2B%25"
)


def test_sentinels_and_servers_have_logins_of_their_own_and_the_same_tls() -> None:
    found = watched(read_url(_URL))
    assert found.sentinels == [("a", 1), ("::1", 2), ("c", 26379)]
    assert found.name == "main"
    assert found.of_servers == {
        "username": "app",
        "password": "p#w",
        "db": 3,
        "socket_timeout": 1.5,
        "ssl_ca_certs": "/ca.pem",
        "ssl": True,
    }
    assert found.of_sentinels == {
        "username": "watch",
        "password": "s&+%",
        "socket_timeout": 1.5,
        "ssl_ca_certs": "/ca.pem",
        "ssl": True,
    }


def test_without_more_neither_has_a_login() -> None:
    found = watched(read_url("redis+sentinel://a/main"))
    assert (found.of_servers, found.of_sentinels) == ({"db": 0}, {})


def test_a_pool_asks_with_time_outs_that_the_url_may_change() -> None:
    """Contract: nothing connects when it is made."""
    pool = primary_pool(read_url(_URL), socket_timeout=5.0, socket_connect_timeout=5.0)
    assert isinstance(pool.make_connection(), SSLConnection)
    (first, *_) = pool.sentinel_manager.sentinels
    for given in (pool.connection_kwargs, first.connection_pool.connection_kwargs):
        assert (given["socket_timeout"], given["socket_connect_timeout"]) == (1.5, 5.0)


def test_both_logins_are_masked() -> None:
    shown = mask_url(_URL)
    assert shown == "rediss+sentinel://***@a:1,[::1]:2,c/main/3?***"
    assert mask_url("redis+sentinel://a,b/main") == "redis+sentinel://a,b/main"
