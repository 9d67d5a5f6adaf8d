"""Training windows: the sequences an online user's h has really seen, so that training and serving agree.

Online, the n-th event of a user is encoded from h = 0 over the last 16 + n mod 16 events, or all n while n < 16. So
windows start at every 16th event of a user, are at most 31 long, and a prediction counts at steps 16..31, or from
step 1 on in a user's first window: each event after a user's first is a target once.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tideline.udfs.core.hashing import hash32
from tideline.udfs.core.users.features import StepInputs, Vocabulary, step_inputs
from tideline.udfs.core.users.interest import WINDOW_STEP
from tideline.udfs.core.users.user_state import MAX_PRICE, MAX_QUANTITY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from tideline.models.data import Sequences

LONGEST = 2 * WINDOW_STEP - 1


@dataclass(frozen=True, slots=True)
class Windows:
    """W windows over the events of `Sequences`: equally long arrays [W]."""

    first: NDArray[np.int64]
    """Row of the window's first event."""
    steps: NDArray[np.int64]
    """How many of its events have a next one, 1..31: so many predictions can be made."""
    skip: NDArray[np.int64]
    """Predictions before this step do not count."""

    def rows(self, chosen: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the event of each step [B, T] of the chosen windows; T is that of the longest.

        Steps past a window's end repeat its last one.
        """
        steps = self.steps[chosen]
        at = np.minimum(np.arange(steps.max()), steps[:, None] - 1)
        found: NDArray[np.int64] = self.first[chosen][:, None] + at
        return found

    def counts(self, chosen: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Tell which predictions [B, T] of the chosen windows count."""
        step = np.arange(self.steps[chosen].max())
        found: NDArray[np.bool_] = (step >= self.skip[chosen][:, None]) & (step < self.steps[chosen][:, None])
        return found

    def newest(self, ts_ms: NDArray[np.int64], share: float) -> NDArray[np.int64]:
        """Return about this share of the windows, rising: those that end last by the times of all events [E]."""
        by_age = np.lexsort((-self.first, -ts_ms[self.first + self.steps]))
        found: NDArray[np.int64] = np.sort(by_age[: math.ceil(share * by_age.size)])
        return found

    def batches(self, chosen: NDArray[np.int64], size: int, rng: np.random.Generator) -> Iterator[NDArray[np.int64]]:
        """Yield the chosen windows in random batches of about `size` steps, each of windows about as long."""
        mixed = rng.permutation(chosen)
        by_length = mixed[np.argsort(self.steps[mixed], kind="stable")]
        ends = np.cumsum(self.steps[by_length])
        cuts = np.flatnonzero(np.diff((ends - 1) // size)) + 1
        parts = np.split(by_length, cuts)
        for at in rng.permutation(len(parts)).tolist():
            if parts[at].size:
                yield parts[at]


def windows(starts: NDArray[np.int64], shift: NDArray[np.int64] | None = None) -> Windows:
    """Cut sequences, given by the first row of each and the row after the last, into windows.

    With `shift` [S], 0..15, every window of a sequence but its first starts so many events earlier than online.
    """
    shift = np.zeros(starts.size - 1, np.int64) if shift is None else shift
    length = np.diff(starts)
    per_sequence = np.where(length > 1, np.maximum((length - 1 + shift) // WINDOW_STEP, 1), 0)
    owner = np.repeat(np.arange(length.size), per_sequence)
    nth = np.arange(owner.size) - np.repeat(np.cumsum(per_sequence) - per_sequence, per_sequence)
    back = np.where(nth > 0, shift[owner], 0)
    first = starts[owner] + nth * WINDOW_STEP - back
    most = np.where(nth > 0, LONGEST, LONGEST - shift[owner])
    return Windows(first, np.minimum(most, starts[owner + 1] - 1 - first), np.where(nth > 0, WINDOW_STEP - 1, 0))


def event_inputs(data: Sequences, vocabulary: Vocabulary) -> StepInputs:
    """Return the encoder's inputs of every event [E], as a history would give them.

    The gap of an event that begins a window is to be read as 0.
    """
    gap_ms = np.diff(data.ts_ms, prepend=data.ts_ms[:1])
    gap_ms[data.starts[:-1]] = 0
    # The history keeps a price as a half and a quantity as a byte, so the model must learn from those.
    price = np.minimum(data.price, MAX_PRICE).astype(np.float16).astype(np.float32)
    return step_inputs(
        vocabulary,
        hashes_of(data.item_names)[data.item],
        hashes_of(data.category_names)[data.category],
        data.type,
        gap_ms,
        price,
        np.minimum(data.quantity, MAX_QUANTITY).astype(np.float32),
    )


def window_inputs(inputs: StepInputs, rows: NDArray[np.int64]) -> StepInputs:
    """Return the inputs [B, T] of windows with these events; the first of each window has no gap."""
    found = inputs.take(rows)
    found.gap[:, 0] = 0.0
    return found


def hashes_of(names: NDArray[Any]) -> NDArray[np.uint32]:
    """Return the hash of each name, and 0 at the end, where index -1 finds it."""
    return np.array([*map(hash32, names.tolist()), 0], dtype=np.uint32)
