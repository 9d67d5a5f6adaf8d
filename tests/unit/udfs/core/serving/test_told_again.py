"""The same event told again with another clock: which telling counts does not depend on batches."""

from __future__ import annotations

import numpy as np
import pytest

from tests.support.core_world import NOON_MS, activity, make_ranker
from tideline.schemas.codec import encode_event
from tideline.schemas.events import Event, EventType
from tideline.udfs.core.serving.engine import Records, process
from tideline.udfs.core.users.user_state import decode_states


def run(events: list[Event], size: int) -> tuple[bytes, bytes, int]:
    """The last state and list of a user whose events come in batches of a size, and how many were duplicates."""
    ranker = make_ranker([activity("a"), activity("b")])
    state: bytes | None = None
    listed = b""
    duplicates = 0
    for at in range(0, len(events), size):
        part = events[at : at + size]
        records = Records([b"u"] * len(part), [encode_event(each) for each in part], [2**50] * len(part))
        outcome = process(records, lambda _: [state], ranker)  # noqa: B023 - called at once
        state, duplicates = outcome.states[0], duplicates + outcome.counts["duplicate"]
        listed = outcome.lists[-1] if outcome.lists else listed
    assert state is not None
    return state, listed, duplicates


def test_of_two_tellings_the_first_that_came_counts() -> None:
    """Contract: in one batch as in two, whichever is earlier by its own clock."""
    for first_ms, again_ms in ((NOON_MS, NOON_MS + 5_000), (NOON_MS + 5_000, NOON_MS)):
        events = [Event("e", "u", EventType.VIEW, ts_ms, "i") for ts_ms in (first_ms, again_ms)]
        found = {run(events, size) for size in (1, 2)}
        assert len(found) == 1
        state, _, duplicates = found.pop()
        assert duplicates == 1
        assert decode_states([state], 8).history["ts_ms"][0, -1] == first_ms


@pytest.mark.parametrize("seed", range(6))
def test_retries_that_stamp_anew_lead_to_the_same_bytes_in_any_batches(seed: int) -> None:
    """Contract: one in three events is told again with a clock up to a minute off, soon after."""
    rng = np.random.default_rng(seed)
    events: list[Event] = []
    for number in range(60):
        at_ms = NOON_MS + 4_000 * number
        events.append(Event(f"e{number}", "u", int(rng.integers(0, 4)), at_ms, f"i{number % 5}", "tea", 2.0, 1))
        if rng.random() < 0.33:
            again = events[int(rng.integers(max(len(events) - 8, 0), len(events)))]
            events.append(again._replace(ts_ms=again.ts_ms + int(rng.integers(-60_000, 60_000))))
    expected = run(events, 1)
    for size in (2, 3, 7, 25):
        assert run(events, size) == expected
