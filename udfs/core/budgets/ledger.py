"""The ledger of one activity: what its impressions led to, by hour, in whole numbers.

Counts stand at the hour of the list that they come from, so sums are the same in any order, split and number of
restores, and what is taken back leaves nothing. They never fade.
State bytes: version 1, golden file tests/golden/ledger_v1.bin.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

LEDGER_VERSION = 1
HOUR_MS = 3_600_000
_WHOLE = 100
LEDGER = np.dtype(
    [
        ("hour", "<i8"),
        ("exposure", "<i8"),
        ("impressions", "<i8"),
        ("clicks", "<i8"),
        ("conversions", "<i8"),
        ("cost_cents", "<i8"),
    ]
)
"""Counts of one hour since the epoch; exposure is impressions in hundredths, as their places are looked at."""
NO_LEDGER = np.zeros(0, LEDGER)


def entries(rows: NDArray[Any], cost_cents: int) -> NDArray[Any]:
    """Return what feedback rows (dtype ROWS) of one activity add to its ledger; each conversion costs `cost_cents`.

    A conversion that is taken back gives back as much, so the ledger is as before if the cost is.
    """
    found = np.zeros(rows.size, LEDGER)
    found["hour"] = rows["ts_ms"] // HOUR_MS
    impressions = rows["impressions"].astype(np.int64)
    found["impressions"] = impressions
    found["exposure"] = impressions * (_WHOLE - rows["examination_discount"].astype(np.int64))
    found["clicks"], found["conversions"] = rows["clicks"], rows["conversions"]
    found["cost_cents"] = found["conversions"] * cost_cents
    return merged([found])


def merged(ledgers: Iterable[NDArray[Any]]) -> NDArray[Any]:
    """Return the sum of ledgers by rising hour; an hour that comes to nothing is left out."""
    rows = np.concatenate([NO_LEDGER, *ledgers]).view(np.int64).reshape(-1, LEDGER.itemsize // 8)
    if not rows.size:
        return NO_LEDGER
    rows = rows[np.argsort(rows[:, 0], kind="stable")]
    first = np.flatnonzero(np.diff(rows[:, 0], prepend=rows[0, 0] - 1))
    sums = np.add.reduceat(rows, first, axis=0)
    sums[:, 0] = rows[first, 0]
    found: NDArray[Any] = sums[sums[:, 1:].any(axis=1)].reshape(-1).view(LEDGER)
    return found


def encode_ledger(ledger: NDArray[Any]) -> bytes:
    """Return the state bytes of a ledger."""
    return bytes([LEDGER_VERSION]) + ledger.astype(LEDGER).tobytes()


def decode_ledger(data: bytes) -> NDArray[Any]:
    """Return the ledger of state bytes.

    Raises:
        ValueError: a version this build does not read.
    """
    if data[0] != LEDGER_VERSION:
        raise ValueError(f"ledger of version {data[0]}; this build reads {LEDGER_VERSION}")
    return np.frombuffer(data, LEDGER, offset=1)
