"""Contract: on a real cluster too a replay is promoted and taken back, key by key, and newer live lists stay."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from tests.contract.scripts.comparison.test_promoting import PLACES, T, of
from tests.support.list_stores import TTL_MS
from tests.support.redis_cluster import Cluster
from tests.support.waiting import PATIENCE_S
from tideline.scripts.commands.redis_target import client_of
from tideline.scripts.comparison.namespaces import deleted
from tideline.scripts.comparison.promoting import Names, Return, promote, take_back
from tideline.scripts.comparison.promotion import STRICT, Fate
from tideline.udfs.io.cluster_store import list_store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

USERS = [b"u%d" % at for at in range(700)]
NAMES = Names(b"tide", b"tide@monday")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Two primaries and a replica of each."""
    running = Cluster(tmp_path_factory.mktemp("cluster"), 2)
    yield running
    running.stop()


def test_lists_on_all_nodes_are_promoted_taken_back_and_dropped(cluster: Cluster) -> None:
    """Contract: as on one server, over more users than a batch; a slot that moves in between changes nothing."""
    every, places = [user for user in USERS for _ in PLACES], PLACES * len(USERS)
    for prefix, source in (("tide", "live"), ("tide@monday", "replay")):
        store = list_store(cluster.url(), prefix, TTL_MS, PATIENCE_S)
        store.write(every, [of(source, 1, T, 3)] * len(every), places)
        if source == "live":
            store.write([b"u0"] * 2, [of("live", 1, T + 1, 4)] * 2, PLACES)
        store.close()
    keys = [b"tide:list:" + user for user in USERS] + [b"tide:place:cart:" + user for user in USERS]

    def sources() -> Counter[str]:
        found: Any = client.mget(keys)
        return Counter("replay" if b'"replay"' in each else "live" for each in found)

    with client_of(cluster.url()) as client:
        for _ in range(2):
            counts = promote(client, NAMES, 600_000, STRICT).users
            assert counts == Counter({Fate.PROMOTED: 699, Fate.LATER: 1})
            assert sources() == Counter({"replay": 1_398, "live": 2})
            cluster.move(100, *cluster.primaries)
            assert take_back(client, NAMES) == Return(699, 0, None)
            assert sources() == Counter({"live": 1_400})
            cluster.move(100, *reversed(cluster.primaries))
        promote(client, NAMES, 600_000, STRICT)
        assert deleted(client, NAMES.kept, really=True) == 1_398
        assert deleted(client, NAMES.replay + b":", really=True) == 1_400
        assert sources() == Counter({"replay": 1_398, "live": 2})
