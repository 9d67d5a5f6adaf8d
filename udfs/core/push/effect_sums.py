"""What came of sending and of withholding: additive sums by time bucket, the same in any order, split and restore.

A decision point has a context, sends with a chance p or withholds, and brings what its user does within the horizon,
attributed or not. With a = 1 where it sent, d = a - p and f the context with the user's recent pushes behind it, what
is kept are the whole numbers sum d^2 f f', d f f', f f', d r f and r f (action-centred, Greenewald, Tewari, Murphy and
Klasnja 2017; the middle two take off what is earned anyway). Rewards add up as they come.
State bytes: version 1, golden file tests/golden/effect_sums_v1.bin.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import numpy as np

from tideline.udfs.core.context import DIM
from tideline.udfs.core.limits import OBJECTIVES
from tideline.udfs.core.push.push_prices import VALUE_CODES
from tideline.udfs.core.summed_rows import summed
from tideline.udfs.core.variants.variant_shares import PARTS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from tideline.udfs.core.learning.learning import Decay

EFFECT_SUMS_VERSION = 1
MOST_RECENT = 7
"""Pushes of the last seven days are counted up to so many."""
EFFECT_DIM = DIM + 1
"""Of the numbers that an effect is a product with: the context, and how many pushes came lately."""
EFFECT_UPPER = np.triu_indices(EFFECT_DIM)
_RECENT_STEP = 127 // MOST_RECENT
_PAIRS = EFFECT_UPPER[0].size
MAX_MILLI = 10**10
"""Of one user within the horizon, in thousandths of what an objective counts: more is no purchase but a mistake."""
PUSH_ROWS = np.dtype(
    [
        ("ts_ms", "<i8"),
        ("x", "i1", (DIM,)),
        ("recent", "u1"),
        ("chance", "u1"),
        ("sent", "u1"),
        ("value", "u1"),
        ("decisions", "i1"),
        ("unsubscribed", "i1"),
        ("rewards", "<i8", (len(OBJECTIVES),)),
    ]
)
"""What a decision point adds: when it was, its context, pushes of seven days before it, the chance to send in 256ths,
whether it sent, the code of its value. decisions is 1 where the point itself is told, 0 where only what came of it
later is, -1 where all of it is taken back; unsubscribed and rewards (clicks, conversions, thousandths of revenue)
likewise are what is new."""
_SHAPES: tuple[tuple[str, tuple[int, ...]], ...] = (
    ("bucket", ()),
    ("design", (_PAIRS,)),
    ("tilt", (_PAIRS,)),
    ("base", (_PAIRS,)),
    ("centred", (len(OBJECTIVES), EFFECT_DIM)),
    ("brought", (len(OBJECTIVES), EFFECT_DIM)),
    ("sends", (MOST_RECENT + 1,)),
    ("unsubscribed", (MOST_RECENT + 1,)),
    ("withheld", ()),
    ("values", (VALUE_CODES,)),
)
EFFECT_SUMS = np.dtype([(name, "<i8", shape) for name, shape in _SHAPES])
"""Upper triangles; d in 256ths, f in 127ths. sends and unsubscribed by how many pushes came lately; values by code."""
NO_EFFECT_SUMS = np.zeros(0, EFFECT_SUMS)
_WEIGHED = np.dtype([(name, "<f8", shape) for name, shape in _SHAPES])
_NUMBERS = EFFECT_SUMS.itemsize // 8
_HEAD = struct.Struct("<Bq")


def features(x: NDArray[np.int8], recent: NDArray[Any]) -> NDArray[np.int64]:
    """Return the numbers [N, EFFECT_DIM] that an effect is a product with, in 127ths."""
    found = np.empty((len(x), EFFECT_DIM), np.int64)
    found[:, :DIM] = x
    found[:, DIM] = np.minimum(recent, MOST_RECENT).astype(np.int64) * _RECENT_STEP
    return found


def sound(rows: NDArray[Any]) -> NDArray[np.bool_]:
    """Return which rows (dtype PUSH_ROWS) can be right [N]; no other may be added.

    A chance is neither none nor all, so each decision point could have gone the other way.
    """
    found: NDArray[np.bool_] = (
        (rows["chance"] > 0)
        & (rows["sent"] <= 1)
        & (np.abs(rows["decisions"]) <= 1)
        & (np.abs(rows["unsubscribed"]) <= 1)
        & (rows["rewards"] >= -MAX_MILLI).all(axis=1)
        & (rows["rewards"] <= MAX_MILLI).all(axis=1)
    )
    return found


def effect_entries(rows: NDArray[Any], decay: Decay) -> NDArray[Any]:
    """Return what rows (dtype PUSH_ROWS) add up to, by rising bucket."""
    buckets = decay.bucket_of(rows["ts_ms"].astype(np.int64))
    present = np.unique(buckets)
    found = np.zeros(present.size, EFFECT_SUMS)
    found["bucket"] = present
    for at, bucket in enumerate(present.tolist()):
        found[at] = _of_one_bucket(bucket, rows[buckets == bucket])
    return _without_nothing(found)


def _of_one_bucket(bucket: int, rows: NDArray[Any]) -> NDArray[Any]:
    found = np.zeros((), EFFECT_SUMS)
    f, sent = features(rows["x"], rows["recent"]), rows["sent"].astype(np.int64)
    times, rewards = rows["decisions"].astype(np.int64), rows["rewards"]
    d = sent * PARTS - rows["chance"]
    for name, weight in (("design", times * d * d), ("tilt", times * d), ("base", times)):
        found[name] = ((f * weight[:, None]).T @ f)[EFFECT_UPPER]
    found["centred"], found["brought"] = (rewards * d[:, None]).T @ f, rewards.T @ f
    recent = np.minimum(rows["recent"], MOST_RECENT).astype(np.int64)
    for place, weight, size in (
        (found["sends"], times * sent, recent),
        (found["unsubscribed"], rows["unsubscribed"].astype(np.int64), recent),
        (found["values"], times, rows["value"].astype(np.int64)),
    ):
        np.add.at(place, size, weight)
    found["withheld"], found["bucket"] = (times * (1 - sent)).sum(), bucket
    return found


def merged_effects(parts: Iterable[NDArray[Any]]) -> NDArray[Any]:
    """Return the sum of sums by rising bucket; a bucket that comes to nothing is left out."""
    rows = np.concatenate([_as_rows(NO_EFFECT_SUMS), *map(_as_rows, parts)])
    found: NDArray[Any] = summed(rows).reshape(-1).view(EFFECT_SUMS)
    return _without_nothing(found)


def _without_nothing(sums: NDArray[Any]) -> NDArray[Any]:
    found: NDArray[Any] = sums[_as_rows(sums)[:, 1:].any(axis=1)]
    return found


def _as_rows(sums: NDArray[Any]) -> NDArray[np.int64]:
    return np.ascontiguousarray(sums).view(np.int64).reshape(sums.size, _NUMBERS)


def forgotten_effects(sums: NDArray[Any], decay: Decay) -> NDArray[Any]:
    """Return the sums without the buckets that weigh too little, seen from their newest; without a half-life all."""
    if not (decay.half_life_ms and sums.size):
        return sums
    found: NDArray[Any] = sums[sums["bucket"] > decay.gone(int(sums["bucket"][-1]))]
    return found


def weighed_effects(sums: NDArray[Any], decay: Decay) -> NDArray[Any]:
    """Return all numbers of sums as one row of floats, weighed by age as seen from the newest bucket; zeros of none."""
    weights = decay.weights(sums["bucket"], int(sums["bucket"].max(initial=0)))
    found: NDArray[Any] = (_as_rows(sums) * weights[:, None]).sum(axis=0).view(_WEIGHED)[0]
    return found


def encode_effect_sums(sums: NDArray[Any], decay: Decay) -> bytes:
    """Return the state bytes of sums; they say how long a bucket is."""
    return _HEAD.pack(EFFECT_SUMS_VERSION, decay.unit_ms) + np.ascontiguousarray(sums).tobytes()


def decode_effect_sums(data: bytes, decay: Decay) -> NDArray[Any]:
    """Return the sums of state bytes; buckets of another half-life become the ones in which they begin.

    Raises:
        ValueError: a version this build does not read.
    """
    version, unit_ms = _HEAD.unpack_from(data)
    if version != EFFECT_SUMS_VERSION:
        raise ValueError(f"sums of pushes of version {version}; this build reads {EFFECT_SUMS_VERSION}")
    sums = np.frombuffer(data, EFFECT_SUMS, offset=_HEAD.size)
    if unit_ms == decay.unit_ms or not sums.size:
        return sums
    moved, former = sums.copy(), type(decay)(unit_ms)
    moved["bucket"] = decay.bucket_of(np.array([former.start_ms(each) for each in sums["bucket"].tolist()]))
    return merged_effects([moved])
