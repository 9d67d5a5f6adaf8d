"""A world: what its users did, what can be shown to them, when they come, and what they would do with what they see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tideline.udfs.core.hashing import hash64

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tideline.models.data import Sequences
    from tideline.udfs.core.catalogue.activity import Activity


class Response(NamedTuple):
    """What a user does with an entry that he looks at, from a moment on: arrays [users, activities]."""

    from_ms: int
    click: NDArray[np.float64]
    """Chance of a click."""
    conversion: NDArray[np.float64]
    """Chance of a click that ends in a conversion; at most that of a click."""
    revenue: NDArray[np.float64]
    """Worth of a conversion."""


@dataclass(frozen=True, slots=True)
class World:
    """Everything that is played. Activities are in the order of their ids, visits in that of their times."""

    events: Sequences
    """Organic events, a sequence for each user who did anything."""
    activities: tuple[Activity, ...]
    users: tuple[str, ...]
    """Rows of the responses."""
    responses: tuple[Response, ...]
    """By rising `from_ms`; the first one holds from the beginning."""
    visitor: NDArray[np.int64]
    """Row of the user of each visit."""
    visit_ms: NDArray[np.int64]
    looked_at: tuple[float, ...]
    """By place, the chance that an entry there is looked at; as many places are seen."""
    holdout: float
    """Share of users who always get a random list, which teaches nothing: they are left out of all figures."""
    seed: int
    fatigue: float = 1.0
    """What is left of the chance of a click each time the user has seen the activity before."""

    def treated(self) -> NDArray[np.bool_]:
        """Return for each user whether he is outside the holdout."""
        return np.array([hash64(f"holdout:{user}") >= self.holdout * 2**64 for user in self.users], np.bool_)
