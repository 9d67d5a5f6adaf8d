"""What is learned: additive sums by activity, encoder version and time bucket.

Contexts are int8 and rewards whole numbers (revenue in thousandths of a unit), so sums are exact int64: any order, any
sharding and any number of restores give the same bits. Forgetting (forward decay) weighs whole time buckets when a row
is solved and so renews the ridge term by itself. An impression at a place that is looked at with probability k weighs
k, its rewards whole: least squares of r/k with the variance of rare rewards, about 1/k (Lagree, Vernade and Cappe 2016
for counts).
Contexts of two encoder versions never meet in a sum: what an activity earned under others enters its row as counts
alone, as impressions in a stranger's context (docs/decisions/0007).
State bytes: version 4, golden file tests/golden/sums_v4.bin.
"""

from __future__ import annotations

import math
import struct
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tideline.udfs.core.context import DIM
from tideline.udfs.core.limits import OBJECTIVES
from tideline.udfs.core.pairs.pair_numbers import PAIR_DIM, pair_numbers
from tideline.udfs.core.policies.pair_row import PAIR_UPPER
from tideline.udfs.core.policies.policy_table import PAIRS, UPPER
from tideline.udfs.core.summed_rows import summed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

SUMS_VERSION = 4
BUCKETS_PER_HALF_LIFE = 4
_KEPT_HALF_LIVES = 8
_UNIT_MS = 28 * 86_400_000
IMPRESSION_UNIT = 100
"""An impression that was certainly looked at, in the unit of the sums."""

_PAIR_PAIRS = PAIR_UPPER[0].size
BUCKET = np.dtype(
    [
        ("bucket", "<i8"),
        ("impressions", "<i8"),
        ("dismissals", "<i8"),
        ("rewards", "<i8", (len(OBJECTIVES),)),
        ("xx", "<i8", (PAIRS,)),
        ("rx", "<i8", (len(OBJECTIVES), DIM)),
        ("zz", "<i8", (_PAIR_PAIRS,)),
        ("zx", "<i8", (PAIR_DIM, DIM)),
        ("zr", "<i8", (PAIR_DIM,)),
    ]
)
"""Exact sums over one stretch of event time; x and the numbers z of a pair in units of 1/127, revenue in thousandths,
impressions (in xx, zz and zx too) in hundredths: those at a place that is not always looked at count less than whole.
zr is of clicks alone."""
NO_SUMS = np.zeros(0, BUCKET)
MOMENTS = 3 + len(OBJECTIVES) + PAIRS
"""Where the numbers of rx begin in a bucket, as many of 64 bits each; those of xx are before them."""
OF_PAIRS = MOMENTS + len(OBJECTIVES) * DIM
"""Where those of zz begin; those of zx and zr are behind them."""
NUMBERS = BUCKET.itemsize // 8
_AT_ONCE = 8_192
_HEAD = struct.Struct("<Bq")


class Decay(NamedTuple):
    """Half-life of what was learned in event time; 0 never forgets."""

    half_life_ms: int
    halvings: int = 1
    """So often the weight of what was learned halves in a half-life; 0: all that is kept weighs alike."""

    @property
    def fading(self) -> bool:
        """Whether what is old weighs less."""
        return self.half_life_ms > 0 and self.halvings > 0

    @property
    def unit_ms(self) -> int:
        """BUCKETS_PER_HALF_LIFE buckets in milliseconds; without a half-life 28 days, should there be one later."""
        return self.half_life_ms or _UNIT_MS

    def bucket_of(self, ts_ms: NDArray[np.int64], newest: int | None = None) -> NDArray[np.int64]:
        """Return the time bucket of each moment, seen from the newest one of all where that is known."""
        found: NDArray[np.int64] = ts_ms * BUCKETS_PER_HALF_LIFE // self.unit_ms
        return found if newest is None else self.seen_from(newest, found)

    def bucket_at(self, ts_ms: int) -> int:
        """Return the time bucket of one moment."""
        return ts_ms * BUCKETS_PER_HALF_LIFE // self.unit_ms

    def start_ms(self, bucket: int) -> int:
        """Return the first moment of a bucket."""
        return -(-bucket * self.unit_ms // BUCKETS_PER_HALF_LIFE)

    def seen_from(self, newest: int, buckets: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return where buckets are kept: without a half-life all that is long gone is one."""
        return buckets if self.half_life_ms else np.maximum(buckets, self.gone(newest))

    def gone(self, newest: int) -> int:
        """Return the newest bucket that weighs too little to be kept, seen from the newest one of all."""
        return newest - _KEPT_HALF_LIVES * BUCKETS_PER_HALF_LIFE

    def weights(self, buckets: NDArray[np.int64], newest: int) -> NDArray[np.float64]:
        """Return the weight of each bucket seen from the newest one.

        >>> Decay(86_400_000).weights(np.array([0, 4, 8]), 8).tolist()
        [0.25, 0.5, 1.0]
        """
        if not self.fading:
            return np.ones(buckets.size)
        weights: NDArray[np.float64] = np.exp2((buckets - newest) * (self.halvings / BUCKETS_PER_HALF_LIFE))
        return weights


def add(sums: NDArray[Any], rows: NDArray[Any], decay: Decay, newest: int | None = None) -> NDArray[Any]:
    """Return the sums (dtype BUCKET, by rising bucket) of one activity and encoder with feedback rows added to them."""
    return merge([sums, increments(rows, np.zeros(rows.size, np.int64), decay, newest)[1]])


def increments(
    rows: NDArray[Any], owners: NDArray[np.int64], decay: Decay, newest: int | None = None
) -> tuple[NDArray[np.int64], NDArray[Any]]:
    """Return what feedback rows add up to by owner and bucket, both rising: the owners and the sums (dtype BUCKET)."""
    places = decay.bucket_of(rows["ts_ms"].astype(np.int64), newest)
    order = np.lexsort((places, owners))
    rows, places, owners = rows[order], places[order], owners[order]
    first = np.flatnonzero(np.diff(places, prepend=-1) | np.diff(owners, prepend=-1)) if rows.size else order
    found = np.zeros((first.size, NUMBERS), np.int64)
    which = np.repeat(np.arange(first.size), np.diff(first, append=rows.size))
    for start in range(0, rows.size, _AT_ONCE):
        here = slice(start, start + _AT_ONCE)
        begins = np.flatnonzero(np.diff(which[here], prepend=-1))
        found[which[here][begins]] += _numbers(rows[here], begins)
    found[:, 0] = places[first]
    return owners[first], found.view(BUCKET)[:, 0]


def _numbers(rows: NDArray[Any], begins: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return what groups of rows, which begin at `begins`, add to the numbers of a bucket; its own, the first, is 0.

    The products of x and z are summed as matrix products of float64: whole numbers below 2^53, exact. A fifth of the
    time of all products of each row, added up.
    """
    shown = rows["impressions"].astype(np.int64) * (IMPRESSION_UNIT - rows["examination_discount"].astype(np.int64))
    counts = [shown, *(rows[name] for name in ("dismissals", "clicks", "conversions", "revenue_milli"))]
    found = np.zeros((begins.size, NUMBERS), np.int64)
    found[:, 1 : MOMENTS - PAIRS] = np.add.reduceat(np.stack(counts, axis=1, dtype=np.int64), begins, axis=0)
    right = np.empty((rows.size, DIM + PAIR_DIM))
    right[:, :DIM], right[:, DIM:] = rows["x"], pair_numbers(rows["pair"])
    left = np.empty((DIM + PAIR_DIM + 2, rows.size))
    np.multiply(right.T, shown, out=left[:-2])
    left[-2], left[-1] = rows["clicks"], rows["conversions"]
    products = np.empty((begins.size, *_PRODUCT_SHAPE))
    ends = [*begins[1:].tolist(), rows.size]
    for at, (begin, end) in enumerate(zip(begins.tolist(), ends, strict=True)):
        np.matmul(left[:, begin:end], right[begin:end], out=products[at])
    found[:, MOMENTS - PAIRS :] = products.reshape(begins.size, -1).take(_PRODUCTS, axis=1)
    of_revenue = found[:, OF_PAIRS - DIM : OF_PAIRS]
    of_revenue[:] = 0
    some = np.flatnonzero(rows["revenue_milli"])
    earned = rows["revenue_milli"][some, None] * rows["x"][some].astype(np.int64)
    np.add.at(of_revenue, np.searchsorted(begins, some, side="right") - 1, earned)
    return found


_PRODUCT_SHAPE = DIM + PAIR_DIM + 2, DIM + PAIR_DIM


def _product_places() -> NDArray[np.int64]:
    """Return where each number from xx on is among the products of (x, z, clicks, conversions) with (x, z)."""
    place = np.arange(math.prod(_PRODUCT_SHAPE)).reshape(_PRODUCT_SHAPE)
    of_clicks, of_conversions = place[-2], place[-1]
    return np.concatenate(
        [
            place[UPPER],
            of_clicks[:DIM],
            of_conversions[:DIM],
            of_conversions[:DIM],  # of revenue, which is not among them: its products may be above 2^53
            place[DIM:, DIM:][PAIR_UPPER],
            place[DIM:-2, :DIM].ravel(),
            of_clicks[DIM:],
        ]
    )


_PRODUCTS = _product_places()


def merge(parts: Iterable[NDArray[Any]]) -> NDArray[Any]:
    """Return the sum of several sums; the order of the parts leaves no trace."""
    # As plain rows of int64: numpy joins and adds records field by field, several times as slowly.
    return summed(np.concatenate([as_rows(NO_SUMS), *map(as_rows, parts)])).view(BUCKET)[:, 0]


def as_rows(sums: NDArray[Any]) -> NDArray[np.int64]:
    """Return sums as rows of their numbers, the bucket first."""
    return np.ascontiguousarray(sums).view(np.int64).reshape(sums.size, NUMBERS)


def without_nothing(sums: NDArray[Any]) -> NDArray[Any]:
    """Return the sums without buckets in which nothing is left: what was taken back whole was never there."""
    some = as_rows(sums)[:, 1:].any(axis=1)
    return sums if some.all() else sums[some]


def forget(sums: NDArray[Any], decay: Decay, newest: int) -> NDArray[Any]:
    """Return the sums without the buckets that weigh less than 1/256 seen from the newest bucket of all.

    Without a half-life these are one bucket: nothing is lost, and as few are kept.
    """
    gone = sums["bucket"] <= decay.gone(newest)
    if not gone.any():
        return sums
    return sums[~gone] if decay.half_life_ms else _moved(sums, decay.seen_from(newest, sums["bucket"]))


def _moved(sums: NDArray[Any], buckets: NDArray[np.int64]) -> NDArray[Any]:
    """Return the sums with each bucket under another number."""
    moved = sums.copy()
    moved["bucket"] = buckets
    return merge([moved])


def encode_sums(sums: NDArray[Any], decay: Decay) -> bytes:
    """Return the state bytes of sums; they say how long a bucket is."""
    return _HEAD.pack(SUMS_VERSION, decay.unit_ms) + sums.tobytes()


def decode_sums(state: bytes | None, decay: Decay) -> NDArray[Any]:
    """Return the sums of state bytes; none for None.

    Buckets of another half-life become the ones in which they begin: no count is lost, and none is younger than it was.

    Raises:
        ValueError: a version this build does not read.
    """
    if state is None:
        return NO_SUMS
    if state[0] != SUMS_VERSION:
        raise ValueError(f"sums of version {state[0]}; this build reads {SUMS_VERSION}")
    unit_ms: int = _HEAD.unpack_from(state)[1]
    sums = np.frombuffer(state, BUCKET, offset=_HEAD.size)
    if unit_ms == decay.unit_ms or not sums.size:
        return sums
    starts = [Decay(unit_ms).start_ms(bucket) for bucket in sums["bucket"].tolist()]
    return _moved(sums, decay.bucket_of(np.array(starts)))
