"""Contract: behind sentinels too a list is only ever replaced by a newer one, while another server becomes primary."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.list_load import FIRST_MS, USERS, Load, versions
from tests.support.list_stores import TTL_MS
from tests.support.redis_sentinel import NAME, Watched
from tests.support.waiting import PATIENCE_S, wait_until
from tideline.schemas.errors import Unavailable
from tideline.scripts.diagnosis.finding import State
from tideline.scripts.diagnosis.redis_checks import check
from tideline.udfs.io.list_store import ListStore

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Watched]:
    """Servers that the test may break."""
    running = Watched(tmp_path)
    yield running
    running.stop()


def test_a_killed_primary_and_one_that_is_taken_from_office_step_no_list_back(own: Watched) -> None:
    """Contract: the writer and a reader go on by themselves; in the end each user has his newest list."""
    load, retries = Load("lost"), [0]
    store = ListStore(own.url(), "lost", TTL_MS, PATIENCE_S, lambda: retries.__setitem__(0, retries[0] + 1))
    load.start(store, own.url())
    wait_until("everybody has lists", lambda: load.round > 3)
    # The one before takes writes for a moment after the replica has become the primary: these nobody has any more.
    with load.pause:
        wait_until("the replica has all", own.replicated)
        before = own.hand_over()
        wait_until("the other one is the primary", lambda: own.primary() != before)
        wait_until("the one before follows it", own.replicated)
    goes_on_from = load.round
    wait_until("it goes on", lambda: load.round > goes_on_from + 3)
    # What a replica has not got yet when its primary dies is lost: let it have all, then kill.
    with load.pause:
        wait_until("the replica has all", own.replicated)
        killed = own.kill_primary()
    goes_on_from = load.round
    wait_until("it goes on", lambda: load.round > goes_on_from + 3)
    load.stop()
    store.close()
    assert own.primary() == before != killed
    assert load.back == []
    assert load.read > len(USERS)
    assert retries[0] > 0
    assert versions(own.url(), "lost") == [[1, FIRST_MS + load.round - 1, 1]] * len(USERS)


def test_a_name_that_no_sentinel_knows_is_an_outage_that_says_so(watched: Watched) -> None:
    """Contract: it may yet be told to them; a command says the name at once."""
    unknown = watched.url().replace(f"/{NAME}", "/nobody")
    store = ListStore(unknown, "t", TTL_MS, deadline_s=0.2)
    with pytest.raises(Unavailable, match="No master found for 'nobody'"):
        store.write([b"u"], [b'{"v":[1,1,1]}'])
    store.close()
    (found,) = check(unknown, "t")
    assert found.state is State.WRONG
    assert "nobody" in found.found


def test_what_the_job_needs_of_a_primary_is_looked_at_by_its_sentinels(watched: Watched) -> None:
    """Contract: `tideline doctor` asks the primary that they name."""
    assert [each.found for each in check(watched.url(), "t") if each.state is State.WRONG] == []
