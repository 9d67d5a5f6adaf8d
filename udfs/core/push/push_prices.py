"""What a push is worth at least to be sent, so that little room goes to the best moments and not to the first.

Values of all decision points are counted by code, four codes to a doubling. Where room is left for r of n points to
come, the price is the value that r of n reach: a function of sums, and anchored anew to what is left each time it is
asked for, so nothing of a former price is kept (re-solving: Jasin and Kumar 2012).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tideline.udfs.core.budgets.ledger import HOUR_MS, LEDGER, merged
from tideline.udfs.core.variants.variant_shares import PARTS

if TYPE_CHECKING:
    from numpy.typing import NDArray

VALUE_CODES = 256
SEND = 230
"""Chance, of 256, that a push which is surely worth it is sent: the others tell what would have come without it."""
FULL = 2**62
"""The price where no room is left: no value reaches it."""
_STEPS = 4
_DAY_HOURS = 24
_PROFILE_DAYS = 7
_WHOLE = 100


def _starts() -> NDArray[np.float64]:
    power, step = np.divmod(np.arange(VALUE_CODES), _STEPS)
    found: NDArray[np.float64] = np.concatenate([[0.0], (1.0 + step / _STEPS) * np.exp2(power)])
    found.flags.writeable = False
    return found


_STARTS = _starts()


def value_codes(values: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Return the code of each value in 2^-24 worth; what is not above 0 has code 0.

    >>> value_codes(np.array([-5, 0, 1, 2, 3, 4, 2**24, FULL])).tolist()
    [0, 0, 1, 5, 7, 9, 97, 249]
    """
    codes = np.searchsorted(_STARTS, np.maximum(values, 0).astype(np.float64), "right") - 1
    return np.minimum(codes, VALUE_CODES - 1).astype(np.uint8)


def code_starts() -> NDArray[np.float64]:
    """Return the least value of each code and, behind the last, where it ends [VALUE_CODES + 1]."""
    return _STARTS


def price_of_room(values: NDArray[np.float64], room: float, points: float) -> int:
    """Return the price in 2^-24 worth where `room` pushes are left for so many decision points to come.

    `values` are the counts by code so far [VALUE_CODES]; between two codes the price is in between. It is 0 where
    there is room for all that are worth sending, and while no value was counted.

    >>> seen = np.zeros(VALUE_CODES)
    >>> seen[[0, 97, 101]] = [50, 25, 25]  # a quarter is worth 1 to 1.25, a quarter 2 to 2.5
    >>> [price_of_room(seen, room, 100) / 2**24 for room in (60, 50, 25, 12.5, 0)]
    [0.0, 0.0, 1.25, 2.25, 274877906944.0]
    """
    if room <= 0.0:
        return FULL
    total = float(values.sum())
    wanted = room / max(points, room)
    above = np.append(np.cumsum(values[::-1])[::-1], 0.0)
    if total <= 0.0 or above[1] <= wanted * total:
        return 0
    at = int(np.flatnonzero(above > wanted * total)[-1])
    starts = code_starts()
    part = (above[at] - wanted * total) / (above[at] - above[at + 1])
    return round(float(starts[at] + part * (starts[at + 1] - starts[at])))


def volume_entries(rows: NDArray[Any]) -> NDArray[Any]:
    """Return what rows (dtype PUSH_ROWS) add to the ledger of all pushes, by hour: points as exposure, pushes sent."""
    found = np.zeros(rows.size, LEDGER)
    found["hour"], times = rows["ts_ms"] // HOUR_MS, rows["decisions"].astype(np.int64)
    found["exposure"], found["impressions"] = times * _WHOLE, times * rows["sent"]
    return merged([found])


class Volume(NamedTuple):
    """So many pushes may be sent between two moments."""

    sends: int
    starts_ms: int
    ends_ms: int


def volume_price(volume: Volume, ledger: NDArray[Any], values: NDArray[np.float64], now_ms: int) -> int:
    """Return the price in 2^-24 worth that keeps pushes inside a volume, by the ledger of all pushes until now.

    `values` are counts by code [VALUE_CODES]. What is worth the price is sent with the usual chance, not always.
    """
    since = ledger["hour"] >= volume.starts_ms // HOUR_MS
    left = volume.sends - int(ledger["impressions"][since].sum())
    return price_of_room(values, left * PARTS / SEND, points_to_come(ledger, now_ms, volume.ends_ms))


def points_to_come(ledger: NDArray[Any], now_ms: int, ends_ms: int) -> float:
    """Return how many decision points are to be expected until an end, by those of the same hours of the last week.

    Before a day is known all hours are taken to be alike; 0 while none is.
    """
    hour = now_ms // HOUR_MS
    known = ledger[(ledger["hour"] >= hour - _PROFILE_DAYS * _DAY_HOURS) & (ledger["hour"] < hour)]
    if not known.size or ends_ms <= now_ms:
        return 0.0
    hours = hour - int(known["hour"].min())
    points = known["exposure"] / _WHOLE
    of_day = np.full(_DAY_HOURS, points.sum() / hours)
    if hours >= _DAY_HOURS:
        of_day = np.bincount(known["hour"] % _DAY_HOURS, points, _DAY_HOURS) * (_DAY_HOURS / hours)
    whole_days, rest = divmod(ends_ms - now_ms, _DAY_HOURS * HOUR_MS)
    to_come = hour + np.arange(_DAY_HOURS + 2)
    begins, ends = np.maximum(to_come * HOUR_MS, now_ms), np.minimum((to_come + 1) * HOUR_MS, now_ms + rest)
    spans = np.maximum(ends - begins, 0) / HOUR_MS
    return float(whole_days * of_day.sum() + (of_day[to_come % _DAY_HOURS] * spans).sum())
