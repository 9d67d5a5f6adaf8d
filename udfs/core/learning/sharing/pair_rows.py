"""From what all pairs share and the rests of activities to what is published."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tideline.udfs.core.context import DIM
from tideline.udfs.core.learning.solving import NO_COUNTS, Solved, policy_row
from tideline.udfs.core.limits import OBJECTIVES
from tideline.udfs.core.policies.pair_row import pair_row

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tideline.udfs.core.pairs.pair_solving import SharedPairs
    from tideline.udfs.core.policies.policy_table import PolicyRow

_CLICKS_OF_ALL = 20.0
"""With so many clicks is what comes with any click weighed against what came with those of an activity."""


def rewards_by_click(rewards: NDArray[np.float64], together: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return [K, objectives]: what comes with a click of each activity, drawn to what comes with any; 1 of clicks.

    Predicted by itself a conversion, which is rare, would cost what is known of clicks (docs/decisions/0015).
    """
    usual = together / max(float(together[0]), 1.0)
    clicks = np.maximum(rewards[:, :1], 0.0)
    found: NDArray[np.float64] = (rewards + _CLICKS_OF_ALL * usual) / (clicks + _CLICKS_OF_ALL)
    found[:, 0] = 1.0
    return found


def prior_of_pairs(shared: SharedPairs, together: NDArray[np.float64], encoder: int, total: float) -> PolicyRow:
    """Return the row for activities nobody has seen: no rest, as wide as rests are held, and what is shared."""
    inverse = np.diag([1.0 / shared.held[0], *[1.0 / shared.held[1]] * (DIM - 1)])
    row = policy_row(Solved(np.zeros((len(OBJECTIVES), DIM)), inverse, NO_COUNTS, NO_COUNTS), encoder, total)
    by_click = rewards_by_click(np.zeros((1, len(OBJECTIVES))), together)[0]
    return row._replace(by_click=tuple(by_click.tolist()), pairs=pair_row(shared.theta, shared.inverse, shared.noise))
