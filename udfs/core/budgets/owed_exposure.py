"""Offsets on scores that bring activities to the share of impressions they are owed: floors and merit.

No activity is owed by merit yet: `scripts/bench rules` says what that would cost.

An offset is the virtual queue of Li, Liu and Ji (2019) without its reflection, a function of sums: what stays owed is
offset / gain impressions for ever, so a share converges as one over all impressions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

FLOOR_GAIN, MERIT_GAIN = 0.002, 0.0003
"""Worth an impression that is owed."""
OFFSET_LIMIT = 0.08
"""Largest offset: a floor that would need more is not owable, and says so."""


class FloorsRefused(ValueError):
    """Floors that no list can keep; the text names activity, value and what is allowed."""


def check_floors(floors: Mapping[str, float], list_size: int) -> None:
    """Refuse floors of activities that lists of a size cannot all keep.

    Raises:
        FloorsRefused: one is above what a place in every list would give, or all together above 1.
    """
    for name in sorted(floors):
        if floors[name] > 1.0 / list_size:
            raise FloorsRefused(f"{name}: exposure_floor={floors[name]:g}; allowed: at most 1/{list_size}")
    total = sum(floors[name] for name in sorted(floors))
    if total > 1.0:
        raise FloorsRefused(f"{', '.join(sorted(floors))}: exposure_floor={total:g} together; allowed: at most 1")


def floor_offset(share: float, own: float, total: float, limit: float = OFFSET_LIMIT) -> float:
    """Return the offset of an activity that is owed a share of `total` impressions and has had `own`.

    >>> [round(floor_offset(0.02, own, 1000.0), 3) for own in (0.0, 15.0, 25.0)]
    [0.04, 0.01, 0.0]
    """
    return min(max(FLOOR_GAIN * (share * total - own), 0.0), limit)


def merit_offsets(
    targets: NDArray[np.float64], own: NDArray[np.float64], limit: float = OFFSET_LIMIT
) -> NDArray[np.float64]:
    """Return the offsets, up or down, of activities that are to have `targets` of all impressions."""
    found: NDArray[np.float64] = np.clip(MERIT_GAIN * (targets * own.sum() - own), -limit, limit)
    return found


def merit_shares(free: NDArray[np.float64], merit: NDArray[np.float64], share: float) -> NDArray[np.float64]:
    """Return what each activity is to have: part of what it would have anyway, `share` of it by merit.

    >>> merit_shares(np.array([0.9, 0.1]), np.array([3.0, 1.0]), 1.0).tolist()
    [0.75, 0.25]
    """
    found: NDArray[np.float64] = (1.0 - share) * free + share * merit / merit.sum()
    return found
