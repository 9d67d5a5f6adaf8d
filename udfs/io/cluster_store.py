"""Lists in a Redis Cluster: each list goes to the node of its key, by the same script as on a single server.

A list is one key, and a call names one key, so it is served while its slot moves: by the node it leaves or, ASKING, by
the one it goes to. Lists of a user in several placements lie on several nodes, so they are not replaced at once.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import redis
from redis.crc import key_slot
from redis.exceptions import NoScriptError

from tideline.udfs.io.list_store import SCRIPT, TIMEOUT_S, ListStore, add, packed
from tideline.udfs.settings.connection.redis_url import is_cluster, plain_url

_SLOTS = 16_384
_ROUNDS = 5
"""How often a list is sent on before it is waited for the cluster to come to rest."""
_SHA = hashlib.sha1(SCRIPT, usedforsecurity=False).hexdigest().encode()
# With each batch: a node that is new, or was started again, knows no script.
_LOAD = packed(b"SCRIPT", b"LOAD", SCRIPT)
_ASKING = packed(b"ASKING")

Node = tuple[str, int]


class _List(NamedTuple):
    """The call that writes a list, and the slot of its key."""

    slot: int
    call: bytes


class _Sent(NamedTuple):
    """A list and the node it goes to, which takes it from one it has not left yet where it is asked."""

    list_: _List
    node: Node
    asking: bool = False


class ClusterStore(ListStore):
    """As ListStore, on all primaries of a cluster, which any one of them names.

    What a node that fails has not yet handed to its replica is lost: the user's next list, or a `republish`, mends it.
    """

    rights = "CLUSTER SLOTS, ASKING, SCRIPT LOAD, EVALSHA, GETRANGE and SET"

    def _connect(self, url: str) -> None:
        self._seed = redis.ConnectionPool.from_url(
            plain_url(url), socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S
        )
        self._pools: dict[Node, redis.ConnectionPool] = {}
        self._nodes: list[Node | None] = []
        """By slot; empty when the cluster has to be asked."""

    def close(self) -> None:
        """Closes the connections."""
        for pool in (self._seed, *self._pools.values()):
            pool.disconnect()

    def _calls(self, keys: Sequence[bytes], payloads: Sequence[bytes], together: int, of_a_user: int = 1) -> deque[Any]:
        return deque(
            _List(key_slot(key), packed(b"EVALSHA", _SHA, b"1", key, self._ttl_ms, b"1", payload))
            for key, payload in zip(keys, payloads, strict=True)
        )

    def _attempt(self, pending: deque[Any], totals: list[int]) -> redis.RedisError | None:
        """Sends each list to its node and on to where it has moved, leaves what was not confirmed; the last failure."""
        failure = None if self._nodes else self._ask_cluster()
        if failure is not None:
            return failure
        left: list[_List] = []
        sent = [_Sent(each, node) for each in pending if (node := self._nodes[each.slot]) is not None]
        left = [each for each in pending if self._nodes[each.slot] is None]
        for _ in range(_ROUNDS):
            moved: list[_Sent] = []
            for each, reply in self._replies(sent):
                if not isinstance(reply, redis.RedisError):
                    add(totals, reply)
                elif (to := _redirected(each, str(reply))) is not None:
                    moved.append(to)
                    if not to.asking:
                        self._nodes[each.list_.slot] = to.node
                else:
                    failure = reply
                    left.append(each.list_)
            sent = moved
        pending.clear()
        pending.extend([*left, *(each.list_ for each in sent)])
        if pending:
            self._nodes = []
            return failure or redis.ConnectionError("CLUSTERDOWN no node takes some of the lists")
        return None

    def _replies(self, sent: Iterable[_Sent]) -> Iterator[tuple[_Sent, Any]]:
        """Send everything, then yield what the nodes say to each: they work at the same time."""
        by_node: dict[Node, list[_Sent]] = {}
        for each in sent:
            by_node.setdefault(each.node, []).append(each)
        opened: list[tuple[Any, redis.ConnectionPool, list[_Sent]]] = []
        for node, lists in by_node.items():
            pool = self._pool_of(node)
            try:
                connection = pool.get_connection()
            except redis.RedisError as error:
                yield from ((each, error) for each in lists)
                continue
            opened.append((connection, pool, lists))
            calls = [_ASKING + each.list_.call if each.asking else each.list_.call for each in lists]
            try:
                connection.send_packed_command([_LOAD + b"".join(calls)])
            except redis.RedisError:
                connection.disconnect()  # reading says so of each list
        for connection, pool, lists in opened:
            yield from _read(connection, lists)
            pool.release(connection)

    def _pool_of(self, node: Node) -> redis.ConnectionPool:
        if node not in self._pools:
            kwargs = {**self._seed.connection_kwargs, "host": node[0], "port": node[1]}
            self._pools[node] = redis.ConnectionPool(connection_class=self._seed.connection_class, **kwargs)
        return self._pools[node]

    def _ask_cluster(self) -> redis.RedisError | None:
        """Learn from any node which one has which slot; the last failure if none tells."""
        failure: redis.RedisError | None = None
        for pool in (*self._pools.values(), self._seed):
            try:
                connection: Any = pool.get_connection()
            except redis.RedisError as error:
                failure = error
                continue
            try:
                connection.send_command("CLUSTER", "SLOTS")
                ranges = connection.read_response()
            except redis.RedisError as error:
                connection.disconnect()
                failure = error
                continue
            finally:
                pool.release(connection)
            asked = pool.connection_kwargs
            self._nodes = [None] * _SLOTS
            for first, last, (host, port, *_), *_ in ranges:
                node = (host.decode() if host else asked["host"], port)
                self._nodes[first : last + 1] = [node] * (last + 1 - first)
            return None
        return failure


def _read(connection: Any, lists: Sequence[_Sent]) -> Iterator[tuple[_Sent, Any]]:
    """Yield what a node says to each list; once it is gone, that."""
    gone: redis.RedisError | None = None
    script: Any = None
    try:
        script = _answer(connection)
    except redis.RedisError as error:
        gone = error
    for each in lists:
        reply: Any = gone
        if gone is None:
            try:
                if each.asking:
                    _answer(connection)
                reply = _answer(connection)
                if isinstance(reply, NoScriptError) and isinstance(script, redis.RedisError):
                    reply = script  # why it has none
            except redis.RedisError as error:
                reply = gone = error
        yield each, reply
    if gone is not None:
        connection.disconnect()  # replies that still come belong to nobody


def _answer(connection: Any) -> Any:
    """Return a reply, or what the node refuses; raises where the connection is lost."""
    try:
        return connection.read_response()
    except redis.ResponseError as error:
        return error


def _redirected(sent: _Sent, said: str) -> _Sent | None:
    """Return where a node sends a list, None where it does not; without a host it is the node's own."""
    word, _, rest = said.partition(" ")
    if word not in ("MOVED", "ASK"):
        return None
    host, _, port = rest.partition(" ")[2].rpartition(":")
    return _Sent(sent.list_, (host or sent.node[0], int(port)), asking=word == "ASK")


def list_store(url: str, *arguments: Any, **more: Any) -> ListStore:
    """Return the store for a URL; the other arguments are those of ListStore."""
    return (ClusterStore if is_cluster(url) else ListStore)(url, *arguments, **more)
