"""The list as the frontend reads it: compact JSON, the same bytes for the same decision.

{"v":[g,t,s],"m":encoder,"i":[activity ids],"e":[whole minutes from t until each one ends],"k":"token"}
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from udfs.core.catalogue import Catalogue

_MINUTE_MS = 60_000


def payloads(
    catalogue: Catalogue,
    order: NDArray[np.int64],
    generation: int,
    as_of_ms: NDArray[np.int64],
    seq: NDArray[np.int64],
    encoder: int,
    tokens: Sequence[str],
) -> list[bytes]:
    """Return the JSON of each list; `order` [U, k] holds activity numbers, -1 after the last."""
    names = [activity.activity_id for activity in catalogue.activities]
    minutes = (catalogue.ends_ms[order] - as_of_ms[:, None]) // _MINUTE_MS if names else np.zeros_like(order)
    lengths = (order >= 0).sum(axis=1).tolist()
    found = []
    for row, ends, count, as_of, update, token in zip(
        order.tolist(), minutes.tolist(), lengths, as_of_ms.tolist(), seq.tolist(), tokens, strict=True
    ):
        shown = '","'.join([names[number] for number in row[:count]])
        ids = f'"{shown}"' if count else ""
        left = ",".join(map(str, ends[:count]))
        found.append(
            f'{{"v":[{generation},{as_of},{update}],"m":{encoder},"i":[{ids}],"e":[{left}],"k":"{token}"}}'.encode()
        )
    return found
