"""What came of each variant of an activity whose shares earn: counts in whole numbers, and the shares they lead to.

Sums are the same in any order, split and number of restores, and shares are a function of them. They count what is
learned from; a variant that is stated no more is forgotten, one that is new begins with nothing.
State bytes: version 1, golden file tests/golden/variant_sums_v1.bin.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tideline.udfs.core.catalogue.competing import EARN, variant_mark
from tideline.udfs.core.variants.variant_shares import chances_of_best, earning_shares

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tideline.udfs.core.catalogue.activity import Activity

VARIANT_SUMS_VERSION = 1
VARIANT_SUMS = np.dtype([("mark", "<u2"), ("impressions", "<i8"), ("clicks", "<i8")])
"""One row for each variant, in the order in which they are stated."""
NO_VARIANT_SUMS = np.zeros(0, VARIANT_SUMS)
_LEAST_MOVE = 8


def earns(activity: Activity) -> bool:
    """Return whether the shares of an activity's variants follow what comes of them."""
    return bool(activity.variants) and activity.split == EARN


def restated(sums: NDArray[Any], activity: Activity) -> NDArray[Any]:
    """Return sums for the variants that an activity states now; those that are in both keep their counts."""
    found = np.zeros(len(activity.variants), VARIANT_SUMS)
    found["mark"] = [variant_mark(activity.activity_id, each.id) for each in activity.variants]
    for at, mark in enumerate(found["mark"].tolist()):
        known = sums[sums["mark"] == mark]
        found[at : at + known.size] = known
    return found


def with_feedback(sums: NDArray[Any], rows: NDArray[Any]) -> NDArray[Any]:
    """Return sums with feedback rows (dtype ROWS) of the activity; those of other variants count nothing."""
    rows = rows[(rows["variant"] != 0) & (rows["unlearned"] == 0)]
    found = sums.copy()
    for at, mark in enumerate(sums["mark"].tolist()):
        here = rows["variant"] == mark
        found["impressions"][at] += rows["impressions"][here].sum(dtype=np.int64)
        found["clicks"][at] += rows["clicks"][here].sum(dtype=np.int64)
    return found


def published_shares(sums: NDArray[Any]) -> tuple[int, ...]:
    """Return mark and share of 256 of each variant in turn, by how likely each has the highest click rate."""
    shown = np.maximum(sums["impressions"], 0).astype(np.float64)
    clicks = np.clip(sums["clicks"], 0, shown).astype(np.float64)
    shares = earning_shares(chances_of_best(clicks[None], shown[None]))[0]
    return tuple(np.column_stack([sums["mark"].astype(np.int64), shares]).ravel().tolist())


def shares_moved(told: tuple[int, ...], now: tuple[int, ...]) -> bool:
    """Return whether rankers have to be told: other variants, or a share that moved by a 32nd of all users.

    >>> shares_moved((7, 128, 9, 128), (7, 135, 9, 121)), shares_moved((7, 128, 9, 128), (7, 136, 9, 120))
    (False, True)
    """
    if told[::2] != now[::2]:
        return True
    return any(abs(new - old) >= _LEAST_MOVE for old, new in zip(told[1::2], now[1::2], strict=True))


def encode_variant_sums(sums: NDArray[Any]) -> bytes:
    """Return the state bytes of sums."""
    return bytes([VARIANT_SUMS_VERSION]) + sums.tobytes()


def decode_variant_sums(data: bytes) -> NDArray[Any]:
    """Return the sums of state bytes.

    Raises:
        ValueError: a version this build does not read.
    """
    if data[0] != VARIANT_SUMS_VERSION:
        raise ValueError(f"sums of variants of version {data[0]}; this build reads {VARIANT_SUMS_VERSION}")
    return np.frombuffer(data, VARIANT_SUMS, offset=1)
