"""The list as the frontend reads it: compact JSON, the same bytes for the same decision.

{"v":[g,t,s],"m":encoder,"i":[activity ids],"e":[whole minutes from the minute of t until each one ends, or its hours
do],"k":"token"}, and where an entry has variants "p":[id of each one's variant, or null] before "k".
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from tideline.udfs.core.catalogue.catalogue import Catalogue
    from tideline.udfs.core.lists.ranked_lists import RankedLists

_MINUTE_MS = 60_000


def payloads(
    catalogue: Catalogue,
    lists: RankedLists,
    tokens: Sequence[str],
    leases_ms: Mapping[int, int] | None = None,
) -> list[bytes]:
    """Return the JSON of each list; what has a lease ends with it, by activity number."""
    heads, generation, encoder = lists.heads, lists.made_by.generation, lists.made_by.encoder
    leases = {number: lease_ms // _MINUTE_MS for number, lease_ms in (leases_ms or {}).items()}
    # Looked up for all lists at once: 0.4 us a list less than list by list. What stands behind a list's end is cut off.
    names, until = catalogue.quoted[lists.order].tolist(), _until(catalogue, lists, leases).tolist()
    lengths = (lists.order >= 0).sum(axis=1).tolist()
    found = []
    columns = zip(names, until, lengths, heads.as_of_ms.tolist(), heads.seq.tolist(), tokens, strict=True)
    for at, (named, ends, count, as_of, update, token) in enumerate(columns):
        which = "" if lists.variants is None else lists.variants.field(at, count)
        listed, left = ",".join(named[:count]), ",".join(ends[:count])
        head = f'{{"v":[{generation},{as_of},{update}],"m":{encoder},"i":[{listed}],"e":[{left}],'
        found.append(f'{head}{which}"k":"{token}"}}'.encode())
    return found


def _until(catalogue: Catalogue, lists: RankedLists, leases: Mapping[int, int]) -> NDArray[np.object_]:
    """Return [U, k] in how many minutes from its list's each entry ends, as text; behind a list's end anything."""
    order, minutes = lists.order, lists.heads.as_of_ms // _MINUTE_MS
    every_end = catalogue.ends_ms // _MINUTE_MS
    if lists.heads.until is not None:
        return _each_left(order, np.take_along_axis(lists.heads.until, np.maximum(order, 0), 1), minutes, leases)
    left = np.empty(order.shape, object)
    names, of, counts = np.unique(minutes, return_inverse=True, return_counts=True)
    # Lists of one minute, of which a batch of the present has many, are looked up in what all activities have left.
    many = counts * order.shape[1] >= every_end.size
    for at in np.flatnonzero(many).tolist():
        those = of == at
        left[those] = _minutes_left(every_end.tobytes(), tuple(leases.items()), int(names[at]))[order[those]]
    few = np.flatnonzero(~many[of])
    left[few] = _each_left(order[few], every_end[order[few]], minutes[few], leases)
    return left


def _each_left(
    order: NDArray[np.int64], ends: NDArray[np.int64], minutes: NDArray[np.int64], leases: Mapping[int, int]
) -> NDArray[np.object_]:
    """Return [U, k] what is left from the minute of each list until the end of each entry, entry by entry."""
    left = (ends - minutes[:, None]).tolist()
    if leases:
        left = [
            [min(end, leases.get(number, end)) for number, end in zip(shown, of_shown, strict=True)]
            for shown, of_shown in zip(order.tolist(), left, strict=True)
        ]
    return np.array([[str(end) for end in of_shown] for of_shown in left], object).reshape(order.shape)


@lru_cache(maxsize=64)
def _minutes_left(ends: bytes, leases: tuple[tuple[int, int], ...], minute: int) -> NDArray[np.object_]:
    """Return how many minutes each activity has left: most users were last seen in one of few minutes."""
    left = (np.frombuffer(ends, np.int64) - minute).tolist()
    for number, lease in leases:
        left[number] = min(left[number], lease)
    return np.array([str(each) for each in left], object)
