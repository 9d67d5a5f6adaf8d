"""Contract: on a cluster too a list is only ever replaced by a newer one, while slots move and a primary is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from redis.crc import key_slot

from tests.support.list_load import FIRST_MS, USERS, Load, versions
from tests.support.list_stores import TTL_MS, payload
from tests.support.redis_cluster import Cluster
from tests.support.waiting import PATIENCE_S, wait_until
from tideline.schemas.errors import ConfigError
from tideline.scripts.commands.redis_target import client_of
from tideline.scripts.diagnosis.finding import State
from tideline.scripts.diagnosis.redis_checks import check
from tideline.udfs.core.lists.erased_list import erased_list
from tideline.udfs.core.lists.list_version import ListVersion
from tideline.udfs.io.cluster_store import list_store
from tideline.udfs.io.list_store import WriteCounts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tideline.udfs.io.list_store import ListStore


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Three primaries and a replica of each."""
    running = Cluster(tmp_path_factory.mktemp("cluster"), 3)
    yield running
    running.stop()


@pytest.fixture
def open_store(cluster: Cluster, request: pytest.FixtureRequest) -> Iterator[Callable[[], ListStore]]:
    """Opens a writer under a prefix of the test's own."""
    opened: list[ListStore] = []

    def make(**more: Any) -> ListStore:
        opened.append(list_store(cluster.url(), request.node.name, TTL_MS, PATIENCE_S, **more))
        return opened[-1]

    yield make
    for store in opened:
        store.close()


def test_a_batch_goes_to_all_nodes_and_is_counted_as_on_one_server(
    cluster: Cluster, open_store: Callable[[], ListStore], request: pytest.FixtureRequest
) -> None:
    """Contract: newer, same and older lists, erased users, placements, popular lists, stops; ids with braces too."""
    store, prefix = open_store(), request.node.name
    users = [*USERS, b"{a}{b}", "ü\n".encode(), b"{}"]
    new = [payload(1, 1_000, number) for number in range(len(users))]
    assert store.write(users, new) == WriteCounts(written=len(users), same=0, older=0, erased=0)
    assert {port for port in cluster.primaries if cluster.clients[port].dbsize()} == set(cluster.primaries)
    assert store.write(users, new) == WriteCounts(written=0, same=len(users), older=0, erased=0)
    assert store.write(users[:9], [payload(1, 999, 9)] * 9) == WriteCounts(written=0, same=0, older=9, erased=0)
    assert versions(cluster.url(cluster.ports[-1]), prefix) == [[1, 1_000, number] for number in range(300)]
    assert store.write([b"gone"], [erased_list(ListVersion(1, 2_000, 1))]).written == 1
    assert store.write([b"gone"], [payload(1, 2_000, 5)]).erased == 1
    assert store.write([b"u", b"u"], [payload(1, 5, 1)] * 2, [b"", b"cart"]).written == 2
    assert store.write_popular({b"": payload(1, 5, 1), b"cart": payload(1, 5, 1)}).written == 2
    assert store.write_stops(b'{"v":[1,5,1],"s":[]}').written == 1
    with client_of(cluster.url()) as client:
        assert client.get(f"{prefix}:place:cart:u") == payload(1, 5, 1)
        assert None not in client.mget([f"{prefix}:popular", f"{prefix}:popular:cart", f"{prefix}:stops"])


def test_while_a_slot_moves_every_list_is_written_once_and_found(
    cluster: Cluster, open_store: Callable[[], ListStore], request: pytest.FixtureRequest
) -> None:
    """Contract: at every step of a resharding, by a writer that knows nothing of it and one that begins then."""
    prefix = request.node.name
    old, t = open_store(), 1_000
    slot = key_slot(f"{prefix}:list:user-0".encode())
    mates = [user for user in (b"%d" % number for number in range(200_000)) if _slot(prefix, user) == slot][:5]
    users = [*mates, *USERS]
    assert old.write(users[2:], [payload(1, t, 1)] * (len(users) - 2)).written == len(users) - 2
    owner = next(port for port in cluster.primaries if cluster.ask(port, "CLUSTER", "COUNTKEYSINSLOT", slot) > 0)
    target = next(port for port in cluster.primaries if port != owner)

    def write() -> None:
        nonlocal t
        t += 1
        new = open_store()
        for store, number in ((old, 2), (new, 3)):
            counts = store.write(users, [payload(1, t, number)] * len(users))
            assert counts == WriteCounts(written=len(users), same=0, older=0, erased=0)
        assert versions(cluster.url(cluster.ports[-1]), prefix) == [[1, t, 3]] * len(USERS)

    write()
    cluster.move(slot, owner, target, write)
    write()
    assert cluster.ask(target, "CLUSTER", "COUNTKEYSINSLOT", slot) == len(mates) + 1
    cluster.move(slot, target, owner)
    write()


def _slot(prefix: str, user: bytes) -> int:
    return key_slot(f"{prefix}:list:".encode() + user)


def test_a_resharding_and_a_lost_primary_under_load_step_no_list_back(
    cluster: Cluster, open_store: Callable[..., ListStore], request: pytest.FixtureRequest
) -> None:
    """Contract: no reader sees an older list than he saw, and in the end each user has his newest one."""
    prefix, retries, load = request.node.name, [0], Load(request.node.name)
    store = open_store(on_retry=lambda: retries.__setitem__(0, retries[0] + 1))
    load.start(store, cluster.url(cluster.ports[1]))
    wait_until("everybody has lists", lambda: load.round > 3)
    first, second = cluster.primaries[0], cluster.primaries[1]
    for slot in range(40):
        cluster.move(slot, first, second)
    before = load.round
    wait_until("it goes on", lambda: load.round > before + 2)
    # What a replica has not got yet when its primary dies is lost on any cluster: let it have all, then kill.
    with load.pause:
        wait_until("replicas have all", lambda: cluster.replicated(first))
        cluster.kill(first)
    before = load.round
    wait_until("it goes on", lambda: load.round > before + 3)
    load.stop()
    assert load.back == []
    assert load.read > len(USERS)
    assert retries[0] > 0
    assert versions(cluster.url(cluster.ports[-1]), prefix) == [[1, FIRST_MS + load.round - 1, 1]] * len(USERS)


_JOB = ("+evalsha", "+getrange", "+set", "+asking", "+cluster|slots", "+script|load")


def test_a_login_without_rights_is_told_which_it_needs(cluster: Cluster) -> None:
    """Contract: at once, for waiting would not help; with those of docs/operate.md it may write, and be looked at."""
    for port in cluster.ports:
        for login, rights in (("few", ("+eval", "+getrange", "+set")), ("job", _JOB), ("seen", (*_JOB, "+command"))):
            cluster.ask(port, "ACL", "SETUSER", login, "on", ">p", "~t:*", *rights)
    store, job, seen = (cluster.url().replace("//", f"//{login}:p@") for login in ("few", "job", "seen"))
    assert [each.found for each in check(seen, "t") if each.state is State.WRONG] == []
    assert "does not let this user" in next(check(job, "t")).found
    refused, taken = list_store(store, "t", TTL_MS, PATIENCE_S), list_store(job, "t", TTL_MS, PATIENCE_S)
    with pytest.raises(ConfigError, match="CLUSTER SLOTS, ASKING, SCRIPT LOAD, EVALSHA"):
        refused.write(USERS, [payload(1, 1, 1)] * len(USERS))
    assert taken.write(USERS, [payload(1, 1, 1)] * len(USERS)).written == len(USERS)
    refused.close()
    taken.close()
