"""A history is a set: the newest events, each once, however they come."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tideline.schemas.events import EventType
from tideline.udfs.core.users.history import merge
from tideline.udfs.core.users.user_state import EVENT, HISTORY, UserBatch, decode_states

Arrival = tuple[int, int, int]
"""User row, time, event hash; the other fields follow from these."""


def rows_of(arrivals: list[Arrival]) -> NDArray[Any]:
    return np.array([(ts, event, event % 7, ts % 5, event % 4, 1, 0.5) for _, ts, event in arrivals], EVENT)


def apply(batch: UserBatch, arrivals: list[Arrival]) -> Any:
    ordered = sorted(arrivals, key=lambda each: each[0])
    owner = np.array([user for user, _, _ in ordered], np.int64)
    return merge(batch, owner, rows_of(ordered))


class Plain:
    """One user's history by the plainest means."""

    def __init__(self) -> None:
        self.kept: list[tuple[int, int]] = []
        self.accepted = self.purchases = self.duplicates = self.late = 0

    def apply(self, arrivals: list[Arrival]) -> tuple[int, bool]:
        before, added, in_order = list(self.kept), 0, True
        for _, ts, event in sorted(arrivals):
            if event in [known for _, known in before + self.kept]:
                self.duplicates += 1
            elif len(before) == HISTORY and (ts, event) < before[0]:
                self.late += 1
            else:
                in_order = in_order and (not before or (ts, event) > before[-1])
                self.kept = sorted([*self.kept, (ts, event)])
                self.accepted += 1
                self.purchases += event % 4 == EventType.PURCHASE
                added += 1
        self.kept = self.kept[-HISTORY:]
        return added, in_order


ARRIVALS = st.lists(
    st.lists(st.tuples(st.integers(0, 2), st.integers(1, 60), st.integers(0, 90)), max_size=45), max_size=12
)


@settings(max_examples=80, deadline=None)
@given(ARRIVALS)
def test_a_merge_does_what_a_sorted_list_does(batches: list[list[Arrival]]) -> None:
    """Contract: what is kept, accepted, duplicate, late and in order, for users side by side, ties in time included."""
    # One hash has one time, as an event id has; a small range of times makes many ties.
    batches = [[(user, 1 + event * 7 % 60, event) for user, _, event in batch] for batch in batches]
    users, plain = decode_states([None] * 3, 2), [Plain() for _ in range(3)]
    for batch in batches:
        merged = apply(users, batch)
        before = sum(each.duplicates for each in plain), sum(each.late for each in plain)
        for user, expected in enumerate(plain):
            added, in_order = expected.apply([each for each in batch if each[0] == user])
            assert merged.added[user] == added
            assert bool(merged.in_order[user]) == in_order
            header, kept = users.header[user], expected.kept
            history = users.history[user, HISTORY - len(kept) :]
            assert list(zip(history["ts_ms"].tolist(), history["event"].tolist(), strict=True)) == kept
            assert (header["n_history"], header["accepted"], header["purchases"]) == (
                len(kept), expected.accepted, expected.purchases
            )  # fmt: skip
            assert header["as_of_ms"] == max((ts for ts, _ in kept), default=0)
            assert not users.history[user, : HISTORY - len(kept)].view(np.uint8).any()
        assert len(merged.duplicates) == sum(each.duplicates for each in plain) - before[0]
        assert len(merged.late) == sum(each.late for each in plain) - before[1]


def test_two_events_of_one_moment_stand_in_the_order_of_their_hashes() -> None:
    """Contract: whichever comes first, alone or together; the one that belongs before is not in order."""
    outcomes = []
    for batches in ([[(0, 5, 8)], [(0, 5, 9)]], [[(0, 5, 9)], [(0, 5, 8)]], [[(0, 5, 9), (0, 5, 8)]]):
        users = decode_states([None], 2)
        merged = [apply(users, batch) for batch in batches][-1]
        outcomes.append((users.history.tobytes(), users.header.tobytes(), bool(merged.in_order[0])))
    assert len({outcome[:2] for outcome in outcomes}) == 1
    assert [outcome[2] for outcome in outcomes] == [True, False, True]
