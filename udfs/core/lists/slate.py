"""The list as the frontend reads it: compact JSON, the same bytes for the same decision.

{"v":[g,t,s],"m":encoder,"i":[activity ids],"e":[whole minutes from the minute of t until each one ends, or its hours
do],"k":"token"}, and where an entry has variants "p":[id of each one's variant, or null] before "k".
"""

from __future__ import annotations

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
    names = [activity.activity_id for activity in catalogue.activities]
    ends = (catalogue.ends_ms // _MINUTE_MS).tolist()
    leases = {number: lease_ms // _MINUTE_MS for number, lease_ms in (leases_ms or {}).items()}
    hours = None if heads.until is None else np.take_along_axis(heads.until, np.maximum(lists.order, 0), 1).tolist()
    left: dict[int, list[str]] = {}  # most users of a batch were last seen in one minute
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
            minutes = left.get(minute)
            if minutes is None:
                until_end = [end - minute for end in ends]
                for number, lease in leases.items():
                    until_end[number] = min(until_end[number], lease)
                minutes = left[minute] = [str(each) for each in until_end]
            until = ",".join([minutes[number] for number in shown])
        ids = '","'.join([names[number] for number in shown])
        listed = f'"{ids}"' if count else ""
        which = "" if lists.variants is None else lists.variants.field(at, count)
        head = f'{{"v":[{generation},{as_of},{update}],"m":{encoder},"i":[{listed}],"e":[{until}],'
        found.append(f'{head}{which}"k":"{token}"}}'.encode())
    return found
