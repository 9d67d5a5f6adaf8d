"""Training windows: the sequences an online user's h has really seen, so that training and serving agree.

Online, the n-th event of a user is encoded from h = 0 over the last 16 + n mod 16 events, or all n while n < 16. So
windows start at every 16th event of a user, are at most 31 long, and a prediction counts at steps 16..31, or from
step 1 on in a user's first window: each event is a target once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from udfs.core.features import StepInputs, Vocabulary, step_inputs
from udfs.core.hashing import hash32

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from models.prepare.completejourney import Columns

STRIDE = 16
LONGEST = 2 * STRIDE - 1


@dataclass(frozen=True, slots=True)
class Windows:
    """Training windows over one flat array of events, ordered by user and time."""

    inputs: StepInputs
    """Of each event; the gap of a window's first event is to be read as 0."""
    rows: NDArray[np.int64]
    """[W, 31] event index of each step; steps past the end repeat the window's last event."""
    targets: NDArray[np.int64]
    """[W, 31] category index of the next event; 0 where there is none, it is unknown, or it does not count."""
    target_ts_ms: NDArray[np.int64]
    """[W, 31] time of that next event."""

    def batch(self, chosen: NDArray[np.int64]) -> StepInputs:
        """Return the inputs [len(chosen), 31] of the chosen windows."""
        inputs = self.inputs.take(self.rows[chosen])
        inputs.gap[:, 0] = 0.0
        return inputs

    def within(self, from_ms: int, to_ms: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the windows with a target in from_ms <= time < to_ms, and their targets with all others set to 0."""
        kept = np.where((self.target_ts_ms >= from_ms) & (self.target_ts_ms < to_ms), self.targets, 0)
        chosen = np.flatnonzero(kept.any(axis=1))
        return chosen, kept[chosen]


def windows(cols: Columns, vocabulary: Vocabulary) -> Windows:
    """Cut every user's events into windows."""
    order = np.lexsort((cols.ts_ms, cols.user))
    user, ts_ms = cols.user[order], cols.ts_ms[order]
    inputs = _inputs(cols, order, vocabulary)

    firsts = np.flatnonzero(np.r_[True, user[1:] != user[:-1]])
    length = np.diff(np.r_[firsts, user.size])
    per_user = (length - 1 + STRIDE - 1) // STRIDE  # an event without a next one starts no window
    owner = np.repeat(np.arange(firsts.size), per_user)
    nth = np.arange(owner.size) - np.repeat(np.cumsum(per_user) - per_user, per_user)
    start = firsts[owner] + nth * STRIDE
    last = (firsts + length - 1)[owner]

    step = np.arange(LONGEST)
    rows = np.minimum(start[:, None] + step, last[:, None])
    following = np.minimum(rows + 1, last[:, None])
    counts = (rows < last[:, None]) & ((step >= STRIDE - 1) | (nth == 0)[:, None])
    return Windows(inputs, rows, np.where(counts, inputs.category[following], 0), ts_ms[following])


def _inputs(cols: Columns, order: NDArray[np.int64], vocabulary: Vocabulary) -> StepInputs:
    products, position = np.unique(cols.product, return_inverse=True)
    item_hashes = np.array([hash32(str(product)) for product in products.tolist()], dtype=np.uint32)[position]
    item_hashes[cols.type == 1] = 0  # a search has no item
    category_hashes = np.array([*map(hash32, cols.category_names), 0], dtype=np.uint32)[cols.category]
    gap_ms = np.diff(cols.ts_ms[order], prepend=cols.ts_ms[order[0]])
    # The history keeps a price as a half, so the model must learn from halves.
    price = cols.price[order].astype(np.float16).astype(np.float32)
    return step_inputs(
        vocabulary,
        item_hashes[order],
        category_hashes[order],
        cols.type[order],
        gap_ms,
        price,
        np.minimum(cols.quantity[order], 255).astype(np.float32),
    )
