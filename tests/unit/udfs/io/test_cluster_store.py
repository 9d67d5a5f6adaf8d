"""Where lists go in a cluster, as its nodes say; the rest runs on a real one (tests/contract/test_redis_cluster.py)."""

from __future__ import annotations

import pytest

from tideline.schemas.errors import Unavailable
from tideline.udfs.io.cluster_store import ClusterStore, _List, _redirected, _Sent, list_store
from tideline.udfs.io.list_store import ListStore

SENT = _Sent(_List(3, b""), ("10.0.0.1", 6379))
LIST = b'{"v":[1,1,1],"m":1,"i":[],"e":[],"k":""}'


@pytest.mark.parametrize(
    ("said", "node", "asking"),
    [
        ("MOVED 3 10.0.0.2:6380", ("10.0.0.2", 6380), False),
        ("ASK 3 redis-1.shop:6380", ("redis-1.shop", 6380), True),
        ("MOVED 3 :6380", ("10.0.0.1", 6380), False),
        ("ASK 3 2001:db8::7:6380", ("2001:db8::7", 6380), True),
    ],
)
def test_a_list_follows_where_a_node_sends_it(said: str, node: tuple[str, int], asking: bool) -> None:
    """Contract: to the node it names, to the same host where it names none; asking where the slot is on its way."""
    assert _redirected(SENT, said) == _Sent(SENT.list_, node, asking)


@pytest.mark.parametrize("said", ["CLUSTERDOWN Hash slot not served", "TRYAGAIN x", "OOM x", "", "MOVEDX 3 a:1"])
def test_what_is_no_redirection_is_none(said: str) -> None:
    assert _redirected(SENT, said) is None


@pytest.mark.parametrize(
    ("url", "kind"),
    [("redis://h:1", ListStore), ("rediss://h:1/3", ListStore), ("redis+cluster://h:1", ClusterStore),
     ("rediss+cluster://u:p%2B@h:1?ssl_cert_reqs=none", ClusterStore)],
)  # fmt: skip
def test_the_url_says_which_store_it_is(url: str, kind: type) -> None:
    assert type(list_store(url, "t", 1_000)) is kind


def test_a_cluster_that_nobody_serves_is_waited_for_and_then_told() -> None:
    """Contract: as of a single server."""
    store = list_store("redis+cluster://127.0.0.1:1", "t", 1_000, deadline_s=0.2)
    with pytest.raises(Unavailable, match="redis"):
        store.write([b"u"], [LIST])
    store.close()
