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
    name_of = [f'"{activity.activity_id}"' for activity in catalogue.activities].__getitem__
    ends = catalogue.ends_ms // _MINUTE_MS
    every_end = ends.tobytes()
    leases = {number: lease_ms // _MINUTE_MS for number, lease_ms in (leases_ms or {}).items()}
    its_leases = tuple(leases.items())
    hours = None if heads.until is None else np.take_along_axis(heads.until, np.maximum(lists.order, 0), 1).tolist()
    lengths = (lists.order >= 0).sum(axis=1).tolist()
    found = []
    columns = zip(lists.order.tolist(), lengths, heads.as_of_ms.tolist(), heads.seq.tolist(), tokens, strict=True)
    for at, (row, count, as_of, update, token) in enumerate(columns):
        minute = as_of // _MINUTE_MS
        shown = row[:count]
        if hours is not None:
            of_shown = zip(shown, hours[at], strict=False)
            until = ",".join([str(min(end - minute, leases.get(number, end))) for number, end in of_shown])
        else:
            until = ",".join(map(_minutes_left(every_end, its_leases, minute).__getitem__, shown))
        which = "" if lists.variants is None else lists.variants.field(at, count)
        listed = ",".join(map(name_of, shown))
        head = f'{{"v":[{generation},{as_of},{update}],"m":{encoder},"i":[{listed}],"e":[{until}],'
        found.append(f'{head}{which}"k":"{token}"}}'.encode())
    return found


@lru_cache(maxsize=64)
def _minutes_left(ends: bytes, leases: tuple[tuple[int, int], ...], minute: int) -> list[str]:
    """Return how many minutes each activity has left: most users were last seen in one of few minutes."""
    left = (np.frombuffer(ends, np.int64) - minute).tolist()
    for number, lease in leases:
        left[number] = min(left[number], lease)
    return [str(each) for each in left]
