"""Interest of a user: the GRU over the sawtooth window of his history, as the quantised context x.

After n events the window holds the min(n, 16 + n mod 16) newest. In order it grows by one event at a time, so h is
stepped; every 16th event, after disorder and under another encoder it is encoded again. See design: about two GRU
steps an event instead of 32, and a pure function of the set of events.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np

from tideline.udfs.core.context import CONSTANT_X, DIM
from tideline.udfs.core.users.features import StepInputs, Vocabulary, step_inputs
from tideline.udfs.core.users.user_state import EVENT, HISTORY, WHOLE_EVENT

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tideline.udfs.core.users.history import Merged
    from tideline.udfs.core.users.user_state import UserBatch

WINDOW_STEP = 16
ENCODE_BUCKETS = (1, 8, 32, 128, 512)
"""Limits of the buckets that batches of users to encode are counted in, by their size."""
_MAX_BATCH = 512  # results are proven bit-identical for a row in batches up to this


class StepEncoder(Protocol):
    """The one step of an encoder; `tideline.models.encoder.Encoder` is one."""

    version: int
    provider: Literal["cpu", "cuda"]
    hidden: int
    vocabulary: Vocabulary

    def step(self, inputs: StepInputs, h: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return (h_next [B, hidden], x [B, 16])."""
        ...


def window_length(accepted: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return how many of the newest events are encoded after `accepted` events.

    >>> window_length(np.array([5, 31, 32, 47, 48])).tolist()
    [5, 31, 16, 31, 16]
    """
    return np.minimum(accepted, WINDOW_STEP + accepted % WINDOW_STEP)


def encode(batch: UserBatch, rows: NDArray[np.int64], merged: Merged, encoder: StepEncoder) -> None:
    """Bring h and x of the given users up to their histories; `merged` is what was just added to them.

    A user without history gets the context of a stranger: the constant alone.
    """
    header = batch.header
    after = header["accepted"][rows].astype(np.int64)
    before = after - merged.added[rows]
    current = (header["encoder"][rows] == encoder.version) & merged.in_order[rows]
    same_window = np.maximum(after // WINDOW_STEP - 1, 0) == np.maximum(before // WINDOW_STEP - 1, 0)
    anew = ~(current & same_window & (before > 0)) & (after > 0)
    steps = np.where(anew, window_length(after), merged.added[rows])
    _advance(batch, rows, steps, anew, encoder)
    strangers = rows[after == 0]
    header["x"][strangers] = stranger_x()
    header["encoder"][rows] = encoder.version


def stranger_x() -> NDArray[np.int8]:
    """Return the context of a user of whom nothing is known."""
    x = np.zeros(DIM, np.int8)
    x[0] = CONSTANT_X
    return x


def quantise(x: NDArray[np.float32]) -> NDArray[np.int8]:
    """Return x in units of 1/127, its first number set to the constant. Ranking and learning use only this form.

    >>> quantise(np.array([[0.0, 0.5, -0.1]], np.float32)).tolist()  # the first is the constant, whatever it was
    [[90, 64, -13]]
    """
    steps: NDArray[np.int8] = np.rint(x * np.float32(127.0)).astype(np.int8)
    steps[:, 0] = CONSTANT_X
    return steps


def _advance(
    batch: UserBatch, rows: NDArray[np.int64], steps: NDArray[np.int64], anew: NDArray[np.bool_], encoder: StepEncoder
) -> None:
    """Step h over so many of the newest events of each user, from 0 of those who are encoded anew.

    All end at their newest event, so one call of the encoder, which costs 40 us whatever it does, steps all who have
    begun: those who are stepped on and those who are encoded anew together.
    """
    order = np.argsort(-steps, kind="stable")  # users who have begun are then a prefix
    order = order[: np.count_nonzero(steps)]
    for start in range(0, order.size, _MAX_BATCH):
        part = order[start : start + _MAX_BATCH]
        _advance_some(batch, rows[part], steps[part], anew[part], encoder)


def _advance_some(
    batch: UserBatch, rows: NDArray[np.int64], steps: NDArray[np.int64], anew: NDArray[np.bool_], encoder: StepEncoder
) -> None:
    longest = int(steps[0])
    begun = np.searchsorted(-steps, -np.arange(longest, 0, -1), side="right")
    starts = np.cumsum(begun) - begun
    user = np.arange(int(begun.sum())) - np.repeat(starts, begun)
    column = np.repeat(np.arange(HISTORY - longest, HISTORY), begun)
    times_ms = batch.history["ts_ms"]
    gap_ms = times_ms[rows[user], column] - times_ms[rows[user], column - 1]
    gap_ms[anew[user] & (column == HISTORY - steps[user])] = 0
    inputs = _inputs(batch.history.view(WHOLE_EVENT)[rows[user], column].view(EVENT), gap_ms, encoder)
    h = batch.h[rows]
    h[anew] = 0.0
    for first, count in zip(starts.tolist(), begun.tolist(), strict=True):
        h[:count], x = encoder.step(inputs.take(slice(first, first + count)), h[:count])
    batch.h[rows], batch.header["x"][rows] = h, quantise(x)


def _inputs(events: NDArray[np.void], gap_ms: NDArray[np.int64], encoder: StepEncoder) -> StepInputs:
    return step_inputs(
        encoder.vocabulary,
        np.ascontiguousarray(events["item"]),
        np.ascontiguousarray(events["category"]),
        np.ascontiguousarray(events["type"]),
        gap_ms,
        events["price"].astype(np.float32),
        events["quantity"].astype(np.float32),
    )
