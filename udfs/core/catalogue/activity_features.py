"""What is known of an activity before anybody saw it, as a short vector: its kind and what it is about."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from tideline.udfs.core.hashing import hash64

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tideline.udfs.core.catalogue.activity import Activity

FEATURES = 8
"""Length of the vector: a constant and seven numbers from names."""
_CONSTANT = 90
_KIND_SHARE = 0.5
UNKNOWN = np.array([_CONSTANT, *[0] * (FEATURES - 1)], np.int8)
"""Features of an activity of which nothing is known."""
UNKNOWN.flags.writeable = False


def features_of(activity: Activity) -> NDArray[np.int8]:
    """Return the features [FEATURES] in units of 1/127, norm at most 1, the constant first.

    Each name stands for seven signs drawn from its hash (random projection, Achlioptas 2003): the categories count
    equally, the kind half as much as all of them.
    """
    return _features(activity.kind, activity.categories)


@lru_cache(maxsize=1 << 16)
def _features(kind: str, categories: tuple[str, ...]) -> NDArray[np.int8]:
    about = sum((_signs(f"category:{name}") for name in categories), start=np.zeros(FEATURES - 1))
    direction = about / max(float(np.linalg.norm(about)), 1.0) + _KIND_SHARE * _unit(_signs(f"kind:{kind}"))
    found = np.full(FEATURES, _CONSTANT, np.int8)
    found[1:] = np.trunc(_unit(direction) * _CONSTANT)
    found.flags.writeable = False
    return found


def _signs(name: str) -> NDArray[np.float64]:
    bits = np.uint64(hash64(name)) >> np.arange(FEATURES - 1, dtype=np.uint64)
    return np.where(bits & np.uint64(1), 1.0, -1.0)


def _unit(vector: NDArray[np.float64]) -> NDArray[np.float64]:
    length = float(np.linalg.norm(vector))
    return vector / length if length else vector
