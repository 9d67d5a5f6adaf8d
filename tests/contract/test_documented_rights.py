"""Contract: the rights in Redis that docs/operate.md gives to the job and to a frontend are enough, and no more."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
import redis
from redis.exceptions import NoPermissionError

from tests.support.doc_pages import ROOT
from tests.support.waiting import PATIENCE_S
from tideline.udfs.io.list_store import ListStore, WriteCounts

if TYPE_CHECKING:
    from tests.contract.conftest import Server

_LIST = b'{"v":[1,1700000000000,1],"m":1,"i":[],"e":[],"k":"t"}'
_PASSWORD = "of-a-test"


@pytest.fixture
def logins(own_server: Server) -> dict[str, str]:
    """URL by user, each made by the line of the page."""
    lines = re.findall(r"^(ACL SETUSER (\w+) .*)$", (ROOT / "docs" / "operate.md").read_text(), re.MULTILINE)
    with redis.Redis.from_url(own_server.url) as admin:
        for line, _ in lines:
            admin.execute_command(*line.replace(">PASSWORD", f">{_PASSWORD}").split())
    return {user: own_server.url.replace("redis://", f"redis://{user}:{_PASSWORD}@") for _, user in lines}


@pytest.mark.parametrize("prefix", ["tideline", "tideline@monday"])
def test_the_job_may_write_lists_of_its_own_and_of_its_replays(logins: dict[str, str], prefix: str) -> None:
    written = _write(logins["tideline"], prefix)

    assert written == WriteCounts(written=2, same=0, older=0, erased=0)


def test_the_job_may_not_touch_what_is_not_its_own(logins: dict[str, str]) -> None:
    with redis.Redis.from_url(logins["tideline"]) as client, pytest.raises(NoPermissionError):
        client.set("sessions:u-1", "x")


def _write(url: str, prefix: str) -> WriteCounts:
    store = ListStore(url, prefix, ttl_ms=60_000, deadline_s=PATIENCE_S)
    try:
        own, popular = store.write([b"u-1"], [_LIST]), store.write_popular({b"": _LIST})
    finally:
        store.close()
    return WriteCounts(*(one + other for one, other in zip(own, popular, strict=True)))


def test_a_frontend_may_read_lists_and_nothing_else(logins: dict[str, str]) -> None:
    _write(logins["tideline"], "tideline")

    with redis.Redis.from_url(logins["frontend"]) as client:
        assert client.get("tideline:list:u-1") == _LIST
        assert client.get("tideline:popular") == _LIST
        assert client.mget("tideline:place:cart:u-1", "tideline:popular:cart") == [None, None]
        assert client.mget("tideline:list:u-1", "tideline:popular", "tideline:stops") == [_LIST, _LIST, None]
        for forbidden in ("GET tideline:other", "SET tideline:list:u-1 x", "KEYS *"):
            with pytest.raises(NoPermissionError):
                client.execute_command(*forbidden.split())
