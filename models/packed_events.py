"""A clickstream's events as columns, 40 bytes each: what is left of a record once it is read.

Names of users, items and categories are held once each, and numbers stand for them. Of what is no organic event only
the clicks stay, by which robots are told, and when a user was erased.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tideline.models.data import Sequences
from tideline.schemas.events import FIRST_ACTIVITY_TYPE, EventType
from tideline.udfs.core.hashing import hashes64
from tideline.udfs.core.users.rate_guard import MAX_ACTS_PER_S, acts_of, newcomer_admits
from tideline.udfs.core.users.user_state import MAX_PRICE, MAX_QUANTITY

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from numpy.typing import NDArray

    from tideline.schemas.events import Event

_DTYPES: dict[str, type[np.generic]] = {
    "user": np.int32,
    "type": np.uint8,
    "ts_ms": np.int64,
    "id": np.uint64,
    "act": np.uint64,
    "item": np.int32,
    "category": np.int32,
    "price": np.float16,
    "quantity": np.uint8,
}


class PackedEvents:
    """Events in the order of arrival, taken in a chunk at a time."""

    def __init__(self) -> None:
        self._users: dict[str, int] = {}
        self._items: dict[str, int] = {}
        self._categories: dict[str, int] = {}
        self._erased_ms: dict[int, int] = {}
        self._chunks: dict[str, list[NDArray[Any]]] = {name: [] for name in _DTYPES}

    def take(self, events: Sequence[Event]) -> None:
        """Take events in; those of one user come in the order in which they arrived."""
        users = [_coded(self._users, event.user_id) for event in events]
        for user, event in zip(users, events, strict=True):
            # Whether an order to erase is signed is nothing to go by here: what it leaves out is missed by nobody.
            if event.type == EventType.ERASE and not event.token:
                self._erased_ms[user] = max(event.ts_ms, self._erased_ms.get(user, 0))
        _, counts, act = acts_of(events)
        kept = np.flatnonzero(counts).tolist()  # every organic event counts
        those = [events[at] for at in kept]
        columns: dict[str, Any] = {
            "user": [users[at] for at in kept],
            "type": [event.type for event in those],
            "ts_ms": [event.ts_ms for event in those],
            "id": hashes64(event.event_id for event in those),
            "act": act[kept],
            "item": [_coded(self._items, event.item_id) for event in those],
            "category": [_coded(self._categories, event.category) for event in those],
            "price": [min(event.price or 0.0, MAX_PRICE) for event in those],
            "quantity": [min(event.quantity or 0, MAX_QUANTITY) for event in those],
        }
        for name, column in columns.items():
            # A price becomes a half at once: by way of a float it would be rounded twice.
            self._chunks[name].append(np.array(column, _DTYPES[name]))

    def sequences(self) -> Sequences | None:
        """Return the organic events of each user, each once, by (time, hash of the event id); None without any.

        Left out are a robot's, as the job judges him, and what was before a user was erased. Users are in the order of
        their first event of any kind; items and categories in that of the events returned. To be called once: the
        columns are given up one by one.
        """
        if not (rows := self._chosen()).size:
            return None
        user = self._column("user")[rows]
        starts = np.flatnonzero(np.append(True, user[1:] != user[:-1]))
        names = np.array(list(self._users), dtype=object)[user[starts]]
        item_names, item = _by_appearance(self._items, self._column("item", rows))
        category_names, category = _by_appearance(self._categories, self._column("category", rows))
        return Sequences(
            starts=np.append(starts, user.size),
            names=names,
            item=item,
            category=category,
            type=self._column("type", rows),
            ts_ms=self._column("ts_ms", rows),
            price=self._column("price", rows).astype(np.float32),
            quantity=self._column("quantity", rows).astype(np.int64),
            item_names=item_names,
            category_names=category_names,
        )

    def _column(self, name: str, rows: NDArray[np.int64] | None = None) -> NDArray[Any]:
        """Return a column, or those rows of it and give it up."""
        chunks = self._chunks[name]
        if len(chunks) != 1:
            whole = np.concatenate([np.zeros(0, _DTYPES[name]), *chunks])
            chunks[:] = [whole]
        return chunks[0] if rows is None else chunks.pop()[rows]

    def _chosen(self) -> NDArray[np.int64]:
        """Return the events to learn from, in the order of `sequences`."""
        user, ts_ms, number = (self._column(name) for name in ("user", "ts_ms", "id"))
        erased_ms = np.zeros(len(self._users), np.int64)
        erased_ms[list(self._erased_ms)] = list(self._erased_ms.values())
        rows = np.flatnonzero(ts_ms > erased_ms[user])
        rows = rows[self._admitted(rows) & (self._column("type")[rows] < FIRST_ACTIVITY_TYPE)]
        rows = rows[np.lexsort((number[rows], user[rows]))]  # of events with one id the one that arrived first leads
        same = (user[rows[1:]] == user[rows[:-1]]) & (number[rows[1:]] == number[rows[:-1]])
        rows = rows[np.append(True, ~same)[: rows.size]]
        chosen: NDArray[np.int64] = rows[np.lexsort((ts_ms[rows], user[rows]))]
        return chosen

    def _admitted(self, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return which of the rows, in the order of arrival, the job lets through; few users act enough to be asked."""
        user = self._column("user")[rows]
        passed = np.ones(rows.size, np.bool_)
        often = np.flatnonzero((np.bincount(user) > MAX_ACTS_PER_S)[user])
        often = often[np.argsort(user[often], kind="stable")]
        second, act = self._column("ts_ms")[rows[often]] // 1000 & 0xFFFFFFFF, self._column("act")[rows[often]]
        cuts = np.flatnonzero(np.diff(user[often])) + 1
        for start, end in zip([0, *cuts.tolist()], [*cuts.tolist(), often.size], strict=True):
            acts = list(zip(second[start:end].tolist(), act[start:end].tolist(), strict=True))
            passed[often[start:end]] = newcomer_admits(acts)
        return passed


def _coded(codes: dict[str, int], name: str | None) -> int:
    return codes.setdefault(name, len(codes)) if name else -1


def _by_appearance(codes: dict[str, int], given: NDArray[np.int32]) -> tuple[NDArray[np.object_], NDArray[np.int64]]:
    """Return the names that are given in order of appearance, and the place of each given one, -1 for none."""
    used, first = np.unique(given, return_index=True)
    used = used[np.argsort(first)]
    used = used[used >= 0]
    places = np.full(len(codes) + 1, -1, np.int64)  # the last is for none
    places[used] = np.arange(used.size)
    return np.array(list(codes), dtype=object)[used], places[given]
