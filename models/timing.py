"""Microseconds that an encoder takes for an event, on this machine and in this process; medians over calls."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np

from tideline.udfs.core.users.features import ORGANIC_TYPES, step_inputs
from tideline.udfs.core.users.history import merge
from tideline.udfs.core.users.interest import WINDOW_STEP, encode
from tideline.udfs.core.users.user_state import EVENT, HISTORY, decode_states

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from tideline.udfs.core.users.features import StepInputs
    from tideline.udfs.core.users.interest import StepEncoder

_FEWEST_CALLS = 15
_GAP_MS = 60_000


def step_us(encoder: StepEncoder, batch: int, seconds: float) -> float:
    """Return the microseconds an event of `step` on batches of this size: the model alone, its inputs at hand."""
    rng = np.random.default_rng(batch)
    inputs = _inputs(_events(rng, batch, 0), encoder)
    h = rng.uniform(-1.0, 1.0, (batch, encoder.hidden)).astype(np.float32)
    return median_us(lambda: encoder.step(inputs, h), seconds) / batch


def features_us(encoder: StepEncoder, batch: int, seconds: float) -> float:
    """Return the microseconds an event of the feature code, from what a history holds to the step's inputs."""
    events = _events(np.random.default_rng(batch), batch, 0)
    return median_us(lambda: _inputs(events, encoder), seconds) / batch


def sawtooth_us(encoder: StepEncoder, batch: int, seconds: float) -> float:
    """Return the microseconds an event of the whole of `tideline.udfs.core.users.interest.encode`, as the job calls it.

    `batch` users with full histories get one event each, in order, 16 times: each window is then stepped 15 times and
    encoded anew once. Included are features, gather and scatter of h, and quantisation.
    """
    rng = np.random.default_rng(batch)
    users, rows = decode_states([None] * batch, encoder.hidden), np.arange(batch)

    def event_ns(number: int) -> int:
        merged = merge(users, rows, _events(rng, batch, number))
        started = time.perf_counter_ns()
        encode(users, rows, merged, encoder)
        return time.perf_counter_ns() - started

    for number in range(HISTORY):
        event_ns(number)
    turns: list[int] = []
    number, until = HISTORY, time.monotonic() + seconds
    while len(turns) < _FEWEST_CALLS or time.monotonic() < until:
        turns.append(sum(event_ns(number + at) for at in range(WINDOW_STEP)))
        number += WINDOW_STEP
    return float(np.median(turns)) / 1_000 / WINDOW_STEP / batch


def _events(rng: np.random.Generator, users: int, number: int) -> NDArray[Any]:
    """Return one event for each user, the `number`-th."""
    events = np.zeros(users, EVENT)
    events["ts_ms"] = 1_700_000_000_000 + _GAP_MS * number
    events["event"] = rng.integers(1, 2**63, users)
    events["item"] = rng.integers(1, 2**32, users)
    events["category"] = rng.integers(1, 2**32, users)
    events["type"] = rng.integers(0, ORGANIC_TYPES, users)
    events["quantity"] = rng.integers(0, 5, users)
    events["price"] = rng.uniform(0.0, 100.0, users)
    return events


def _inputs(events: NDArray[Any], encoder: StepEncoder) -> StepInputs:
    return step_inputs(
        encoder.vocabulary,
        np.ascontiguousarray(events["item"]),
        np.ascontiguousarray(events["category"]),
        np.ascontiguousarray(events["type"]),
        np.full(events.size, _GAP_MS),
        events["price"].astype(np.float32),
        events["quantity"].astype(np.float32),
    )


def median_us(call: Callable[[], object], seconds: float) -> float:
    """Return the median of the microseconds that a call takes, over about `seconds` and at least 15 calls."""
    spent: list[int] = []
    until = time.monotonic() + seconds
    while len(spent) < _FEWEST_CALLS or time.monotonic() < until:
        started = time.perf_counter_ns()
        call()
        spent.append(time.perf_counter_ns() - started)
    return float(np.median(spent)) / 1_000
