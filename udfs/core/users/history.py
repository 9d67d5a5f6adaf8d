"""A user's history as a set: new events merged into the 31 most recent, in any order of arrival, each once.

What leaves it does so in the order of time, and is folded into what the user has long liked (long_liked.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tideline.schemas.events import EventType
from tideline.udfs.core.hashing import hashes32, hashes64
from tideline.udfs.core.users.long_liked import fold_all
from tideline.udfs.core.users.user_state import EVENT, HISTORY, MAX_PRICE, MAX_QUANTITY, WHOLE_EVENT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from tideline.schemas.events import Event
    from tideline.udfs.core.users.user_state import UserBatch

_MANY = 8
"""So many new events of users with several each are cheaper to append together than user by user."""


def history_rows(organic: Sequence[Event]) -> NDArray[Any]:
    """Return organic events as a history keeps them, column by column: 0.8 us each, row by row 1.5."""
    rows = np.empty(len(organic), EVENT)
    if not organic:
        return rows
    names, _, kinds, times_ms, items, categories, prices, quantities, *_ = zip(*organic, strict=True)
    rows["ts_ms"] = times_ms
    rows["event"] = hashes64(names)
    rows["item"] = hashes32(items)
    rows["category"] = hashes32(categories)
    rows["type"] = kinds
    rows["quantity"] = np.minimum([quantity or 0 for quantity in quantities], MAX_QUANTITY)
    rows["price"] = np.minimum([price or 0.0 for price in prices], MAX_PRICE)
    return rows


@dataclass(frozen=True, slots=True)
class Merged:
    """What a merge did, per user [U]: events added, whether all came after what was there; places of those dropped."""

    added: NDArray[np.int64]
    in_order: NDArray[np.bool_]
    duplicates: list[int]
    late: list[int]


def merge(batch: UserBatch, owner: NDArray[np.int64], events: NDArray[Any]) -> Merged:
    """Put new events (`owner` [N] non-decreasing user rows, `events` [N] of dtype EVENT) into the batch's histories.

    An event is a duplicate if the user's history holds its event hash, late if 31 newer are kept; both are dropped.
    Updates history, liked, n_history, accepted, purchases and as_of_ms. The outcome does not depend on the order of
    `events`.
    """
    users = batch.header.size
    added = np.zeros(users, np.int64)
    in_order = np.ones(users, np.bool_)
    if not owner.size:
        return Merged(added, in_order, [], [])
    counts = np.bincount(owner, minlength=users)
    single = counts[owner] == 1
    rows, news = owner[single], events[single]
    newer = (batch.header["n_history"][rows] == 0) | (news["ts_ms"] > batch.history["ts_ms"][rows, -1])
    fresh = newer & ~(batch.history["event"][rows] == news["event"][:, None]).any(axis=1)
    left: list[tuple[int, int, list[int]]] = []
    _append(batch, rows[fresh], news[fresh], left)
    added[rows[fresh]] = 1

    duplicates: list[int] = []
    late: list[int] = []
    plain = _append_several(batch, owner[~single], events[~single], left)
    added[plain] = counts[plain]
    slow = np.flatnonzero((added == 0) & (counts > 0))
    starts = np.searchsorted(owner, slow, side="left").tolist()
    ends = np.searchsorted(owner, slow, side="right").tolist()
    for row, start, end in zip(slow.tolist(), starts, ends, strict=True):
        added[row], in_order[row], again, old = _merge_one(batch, row, events[start:end], left)
        duplicates += [start + at for at in again]
        late += [start + at for at in old]
    fold_all(batch.liked, left)
    return Merged(added, in_order, duplicates, late)


def _append(
    batch: UserBatch, rows: NDArray[np.int64], news: NDArray[Any], left: list[tuple[int, int, list[int]]]
) -> None:
    """Append one event each, newer than all that is kept of its user, and add what leaves the histories to `left`."""
    size = batch.history.dtype.itemsize
    full = rows[batch.header["n_history"][rows] == HISTORY]
    folded = batch.header["accepted"][full].astype(np.int64) - HISTORY
    left += zip(full.tolist(), folded.tolist(), batch.history["category"][full, :1].tolist(), strict=True)
    plain = _plain(batch.history)
    added = np.ascontiguousarray(news).view(np.uint8).reshape(-1, size)
    plain[rows] = np.concatenate([plain[rows, size:], added], axis=1)
    batch.header["n_history"][rows] = np.minimum(batch.header["n_history"][rows] + 1, HISTORY)
    batch.header["accepted"][rows] += 1
    batch.header["purchases"][rows] += news["type"] == EventType.PURCHASE
    batch.header["as_of_ms"][rows] = np.maximum(batch.header["as_of_ms"][rows], news["ts_ms"])


def _append_several(
    batch: UserBatch, owner: NDArray[np.int64], news: NDArray[Any], left: list[tuple[int, int, list[int]]]
) -> NDArray[np.int64]:
    """Append the new events of users with several each where that is plain: all are newer than what is kept, and new.

    Returns these users' rows, and adds what left their histories to `left`. 3 us a user, one by one 35.
    """
    if owner.size < _MANY:
        return owner[:0]
    order = np.lexsort((news["event"], news["ts_ms"], owner))
    owner, news = owner[order], np.ascontiguousarray(news).view(WHOLE_EVENT)[order].view(EVENT)
    starts = np.flatnonzero(np.diff(owner, prepend=-1))
    rows, counts = owner[starts], np.diff(starts, append=owner.size)
    history, header = batch.history, batch.header
    plain = (header["n_history"][rows] == 0) | (news["ts_ms"][starts] > history["ts_ms"][rows, -1])
    plain &= ~np.logical_or.reduceat(_told_before(history["event"], owner, news["event"]), starts)
    appended: NDArray[np.int64] = rows[plain]
    rows, starts, counts = appended, starts[plain], counts[plain]
    held = header["n_history"][rows].astype(np.int64)
    full = np.flatnonzero(held + counts > HISTORY)
    before = header["accepted"][rows[full]].astype(np.int64) - held[full]
    numbers = np.stack([rows[full], before, held[full], starts[full], counts[full]], axis=1).tolist()
    for (row, folded, kept, start, count), past in zip(numbers, history["category"][rows[full]].tolist(), strict=True):
        left.append((row, folded, [*past, *news["category"][start : start + count].tolist()][HISTORY - kept : count]))
    whole = history.view(WHOLE_EVENT)
    every = np.concatenate([whole[rows].ravel(), news.view(WHOLE_EVENT)])
    place = np.arange(HISTORY) + counts[:, None]  # among a user's past, HISTORY places, and his new events behind them
    past_of, new_of = HISTORY * np.arange(rows.size)[:, None], (HISTORY * (rows.size - 1) + starts)[:, None]
    whole[rows] = every[place + np.where(place < HISTORY, past_of, new_of)]
    header["n_history"][rows] = np.minimum(held + counts, HISTORY)
    header["accepted"][rows] += counts.astype(np.uint32)
    bought = np.cumsum(np.append(0, news["type"] == EventType.PURCHASE))
    header["purchases"][rows] += (bought[starts + counts] - bought[starts]).astype(np.uint32)
    header["as_of_ms"][rows] = np.maximum(header["as_of_ms"][rows], history["ts_ms"][rows, -1])
    return appended


def _told_before(kept: NDArray[np.uint64], owner: NDArray[np.int64], told: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Return which new events [N] their owner's history holds, or another new one of his has the hash of."""
    known: NDArray[np.bool_] = (kept[owner] == told[:, None]).any(axis=1)
    order = np.lexsort((told, owner))
    again = (told[order][1:] == told[order][:-1]) & (owner[order][1:] == owner[order][:-1])
    known[order[1:][again]] = True
    return known


def _plain(history: NDArray[Any]) -> NDArray[np.uint8]:
    """Return histories as plain bytes: numpy moves a structured row field by field, at three times the cost."""
    return history.view(np.uint8).reshape(history.shape[0], HISTORY * history.dtype.itemsize)


def _merge_one(
    batch: UserBatch, row: int, news: NDArray[Any], left: list[tuple[int, int, list[int]]]
) -> tuple[int, bool, list[int], list[int]]:
    """Merge one user's new events; return (added, all in order, places of duplicates, of late ones).

    What left his history is added to `left`.
    """
    held = int(batch.header["n_history"][row])
    past = batch.history[row, HISTORY - held :]
    kept = list(zip(past["ts_ms"].tolist(), past["event"].tolist(), strict=True))
    seen = {event for _, event in kept}
    oldest, newest = kept[0] if held == HISTORY else (-1, -1), kept[-1] if held else (-1, -1)
    keep: list[int] = []
    duplicates: list[int] = []
    late: list[int] = []
    in_order = True
    told = zip(news["ts_ms"].tolist(), news["event"].tolist(), range(news.size), strict=True)
    for ts_ms, event, at in sorted(told):
        if event in seen:
            duplicates.append(at)
        elif (ts_ms, event) < oldest:
            late.append(at)
        else:
            seen.add(event)
            keep.append(at)
            in_order = in_order and (ts_ms, event) > newest
    if keep:
        gone = _put_in(batch, row, past, news[keep], in_order)
        if gone:
            left.append((row, int(batch.header["accepted"][row]) - HISTORY - len(gone), gone))
    return len(keep), in_order, duplicates, late


def _put_in(batch: UserBatch, row: int, past: NDArray[Any], new: NDArray[Any], in_order: bool) -> list[int]:
    """Put a user's new events, which are in order among themselves, into his history, all of them `in_order` or not.

    Return the categories of those that left it.
    """
    merged = np.frombuffer(past.tobytes() + new.tobytes(), new.dtype)
    if not in_order:
        merged = merged[np.lexsort((merged["event"], merged["ts_ms"]))]
    header = batch.header
    gone: list[int] = merged["category"][:-HISTORY].tolist()
    merged = merged[-HISTORY:]
    size = merged.nbytes
    _plain(batch.history)[row, -size:] = np.frombuffer(merged.tobytes(), np.uint8)
    header["n_history"][row] = merged.size
    header["accepted"][row] += new.size
    header["purchases"][row] += np.count_nonzero(new["type"] == EventType.PURCHASE)
    header["as_of_ms"][row] = max(int(header["as_of_ms"][row]), int(merged["ts_ms"][-1]))
    return gone
