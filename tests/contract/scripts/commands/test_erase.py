"""Contract: an erasure is waited for in every list of its user, on a real server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.list_stores import Real, payload
from tests.support.waiting import PATIENCE_S
from tideline.schemas.errors import Unavailable
from tideline.scripts.commands.erase import wait_for
from tideline.scripts.commands.redis_target import key_of_list
from tideline.udfs.core.lists.erased_list import erased_list
from tideline.udfs.core.lists.list_version import ListVersion

if TYPE_CHECKING:
    from tests.contract.conftest import Server

ERASED_MS = 1_700_000_000_000
_LIST = payload(1, ERASED_MS - 5, 3)
_STUB = erased_list(ListVersion(1, ERASED_MS, 8))


def test_no_list_of_a_placement_may_be_left(server: Server) -> None:
    """Contract: one that is there must be erased; where he never had one, there is nothing to wait for."""
    real = Real(server.url)
    keys = [key_of_list(real.prefix, "u", name) for name in ("", "cart", "home")]

    def wait(seconds: float) -> float:
        return wait_for(server.url, keys[0], ERASED_MS, seconds, keys[1:])

    with pytest.raises(Unavailable, match="does it run"):
        wait(0.05)
    for no_list in (b"[]", b"\xff", b'{"x":[]}'):
        real.client.set(keys[0], no_list)
        with pytest.raises(Unavailable, match="does it run"):
            wait(0.05)
    real.client.mset(dict.fromkeys(keys[:2], _LIST))
    with pytest.raises(Unavailable, match="does it run"):
        wait(0.05)
    real.client.set(keys[0], _STUB)
    with pytest.raises(Unavailable, match="1 lists of placements are left"):
        wait(0.05)
    real.client.set(keys[1], _STUB)
    assert wait(PATIENCE_S) < PATIENCE_S
    real.close()
