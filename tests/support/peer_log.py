"""The log on which LinUCB is compared with other libraries: contexts that are whole in units of 1/127."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tideline.udfs.core.context import DIM

EVENTS, ARMS, BATCH = 5_000, 10, 500
ALPHA = 0.3
KEPT = 40
"""Events of each batch whose scores are kept."""


class PeerLog(NamedTuple):
    """5,000 events: contexts [N, DIM] int8, the arm that was shown, 1 where it was clicked."""

    x: NDArray[np.int8]
    arm: NDArray[np.int64]
    click: NDArray[np.int64]


def peer_log() -> PeerLog:
    """Return the log, the same each time."""
    rng = np.random.default_rng(20_171_104)
    x = np.clip(np.rint(rng.normal(size=(EVENTS, DIM)) * 22), -127, 127).astype(np.int8)
    x[:, 0] = 90
    theta = rng.normal(size=(ARMS, DIM)) * 0.4
    arm = rng.integers(0, ARMS, EVENTS)
    chance = np.clip(0.1 + (x / 127.0 * theta[arm]).sum(axis=1), 0.01, 0.9)
    return PeerLog(x, arm, (rng.random(EVENTS) < chance).astype(np.int64))
