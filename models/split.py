"""Which events training holds out: the last tenth in time, or where time says nothing, the ends of some sequences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tideline.models.data import Sequences

VALID_SHARE = 0.1


@dataclass(frozen=True, slots=True)
class Split:
    """Which events are targets of validation; every other event that has one before it is a target of training."""

    valid: NDArray[np.bool_]
    """[E]; never true for a sequence's first event."""
    how: str
    """One line for people and the manifest."""


def split(data: Sequences, seed: int, from_ms: int | None = None) -> Split:
    """Hold out the targets from a time on: `from_ms`, or the time that 90 % of them lie before.

    Where all sequences start at one time, or the share held out is far from a tenth, times order nothing: then the
    last event of a seeded tenth of the sequences that have two is held out.
    """
    target = np.ones(data.item.size, np.bool_)
    target[data.starts[:-1]] = False
    if from_ms is not None:
        return Split(target & (data.ts_ms >= from_ms), f"targets from {from_ms} ms on")
    rows = np.flatnonzero(target)
    begins = data.ts_ms[data.starts[:-1]]
    if rows.size and begins.min() < begins.max():
        cut = int(np.quantile(data.ts_ms[rows], 1.0 - VALID_SHARE))
        valid = target & (data.ts_ms >= cut)
        if VALID_SHARE / 3 <= valid.sum() / rows.size <= VALID_SHARE * 3:
            return Split(valid, f"targets from {cut} ms on, the last tenth in time")
    valid = np.zeros(data.item.size, np.bool_)
    lasts = (data.starts[1:] - 1)[np.diff(data.starts) > 1]
    valid[np.random.default_rng(seed).permutation(lasts)[: round(lasts.size * VALID_SHARE)]] = True
    return Split(valid, "times order nothing: the last event of a seeded tenth of the sequences")
