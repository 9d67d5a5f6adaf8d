"""The ledger of one activity: what its impressions led to, by hour, in whole numbers.

Counts stand at the hour of the list that they come from, so sums are the same in any order, split and number of
restores, and what is taken back leaves nothing. They never fade; what is long past stands by day, at its noon.
Beside the hours stands how late its conversions were, by code (lags.py).
State bytes: version 2, golden file tests/golden/ledger_v2.bin.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tideline.udfs.core.lags import LAG_CODES, NO_LAG
from tideline.udfs.core.summed_rows import summed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

LEDGER_VERSION = 2
HOUR_MS = 3_600_000
HOURLY_MS = 28 * 24 * HOUR_MS
"""So long a ledger stands by hour at least."""
_WHOLE = 100
_DAY_HOURS = 24
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
NO_LAGS = np.zeros(LAG_CODES, np.int64)
_LAGS = np.dtype([("code", "u1"), ("conversions", "<i8")])


def entries(rows: NDArray[Any], cost_cents: int, least_cost_cents: int) -> NDArray[Any]:
    """Return what feedback rows (dtype ROWS) of one activity add to its ledger; each conversion costs `cost_cents`.

    One that is taken back gives back the least that any has cost: as much where the cost never changed, and never more
    than it took.
    """
    found = np.zeros(rows.size, LEDGER)
    found["hour"] = rows["ts_ms"] // HOUR_MS
    impressions = rows["impressions"].astype(np.int64)
    found["impressions"] = impressions
    found["exposure"] = impressions * (_WHOLE - rows["examination_discount"].astype(np.int64))
    found["clicks"], found["conversions"] = rows["clicks"], rows["conversions"]
    found["cost_cents"] = found["conversions"] * np.where(found["conversions"] < 0, least_cost_cents, cost_cents)
    return merged([found])


def lags_of(rows: NDArray[Any]) -> NDArray[np.int64]:
    """Return by code how many conversions feedback rows (dtype ROWS) add to those that were so late."""
    found: NDArray[np.int64] = np.bincount(rows["lag"], minlength=LAG_CODES)
    found = found - np.bincount(rows["lag_before"], minlength=LAG_CODES)
    found[NO_LAG] = 0
    return found


def merged(ledgers: Iterable[NDArray[Any]]) -> NDArray[Any]:
    """Return the sum of ledgers by rising hour; an hour that comes to nothing is left out."""
    rows = np.concatenate([each.view(np.int64) for each in (NO_LEDGER, *ledgers)])
    sums = summed(rows.reshape(-1, LEDGER.itemsize // 8))
    found: NDArray[Any] = sums[sums[:, 1:].any(axis=1)].reshape(-1).view(LEDGER)
    return found


def by_day(ledger: NDArray[Any], older_ms: int, cuts: Iterable[int]) -> NDArray[Any]:
    """Return a ledger in which what is so much older than its newest hour stands at the noon of its day.

    `cuts` are hours at which something begins to count: nothing moves over one.
    """
    hours = ledger["hour"]
    if not hours.size:
        return ledger
    old = hours < (hours[-1] - older_ms // HOUR_MS) // _DAY_HOURS * _DAY_HOURS
    if not old.any():
        return ledger
    moved = ledger.copy()
    noon = hours // _DAY_HOURS * _DAY_HOURS + _DAY_HOURS // 2
    for cut in cuts:
        noon = np.where(hours < cut, np.minimum(noon, cut - 1), np.maximum(noon, cut))
    moved["hour"] = np.where(old, noon, hours)
    return merged([moved])


def by_cut(ledger: NDArray[Any], cuts: Iterable[int]) -> NDArray[Any]:
    """Return a ledger of which only sums since some hours are asked for: those hours, and its newest one.

    What was before all of them is left out. A further cut may come as long as nothing newer than it has.
    """
    hours, begins = ledger["hour"], np.array(sorted(set(cuts)), np.int64)
    if not (hours.size and begins.size):
        return NO_LEDGER
    place = np.searchsorted(begins, hours, side="right") - 1
    kept = ledger[place >= 0].copy()
    kept["hour"] = np.where(kept["hour"] < hours[-1], begins[place[place >= 0]], kept["hour"])
    return merged([kept])


def encode_ledger(ledger: NDArray[Any], lags: NDArray[np.int64] = NO_LAGS) -> bytes:
    """Return the state bytes of a ledger and of how late its conversions were."""
    codes = np.flatnonzero(lags)
    pairs = np.zeros(codes.size, _LAGS)
    pairs["code"], pairs["conversions"] = codes, lags[codes]
    return bytes([LEDGER_VERSION, codes.size]) + pairs.tobytes() + ledger.astype(LEDGER).tobytes()


def decode_ledger(data: bytes) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Return the ledger of state bytes, and how many conversions were how late [codes].

    Raises:
        ValueError: a version this build does not read.
    """
    if data[0] != LEDGER_VERSION:
        raise ValueError(f"ledger of version {data[0]}; this build reads {LEDGER_VERSION}")
    pairs, lags = np.frombuffer(data, _LAGS, data[1], 2), NO_LAGS.copy()
    lags[pairs["code"]] = pairs["conversions"]
    return np.frombuffer(data, LEDGER, offset=2 + pairs.nbytes), lags
