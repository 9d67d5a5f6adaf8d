"""Lists for users of whom nothing is new: of all by command, of recent ones once an activity opened, of who waits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tideline.udfs.core.serving.batches.erasing import lists_of_erased, still_listed
from tideline.udfs.core.serving.engine import Outcome, nothing_merged, rank
from tideline.udfs.core.users.as_told import known
from tideline.udfs.core.users.interest import encode
from tideline.udfs.core.users.user_state import decode_states, encode_states

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tideline.udfs.core.serving.ranker_state import RankerState

RECENT_MS = 86_400_000
"""Who was last seen longer ago than this before an opening waits for his next event."""


def republish(users: list[str], states: Sequence[bytes | None], ranker: RankerState, least_ms: int = 0) -> Outcome:
    """Rank the given users again; that counts as an update of each, so the new list replaces the old one."""
    batch = decode_states(states, ranker.encoder.hidden)
    every = np.flatnonzero(still_listed(batch, users, ranker))
    batch.header["seq"][every] += np.uint32(1)
    lists, counts, sampled, placed = rank(batch, every, nothing_merged(len(users)), users, ranker, least_ms)
    counts["republished"] += every.size
    newest_ms = int(batch.header["as_of_ms"].max(initial=0))
    listed = [users[row] for row in every.tolist()] if lists else []
    erased, of_erased = lists_of_erased(batch, users, ranker)
    listed, lists = listed + erased, lists + of_erased
    placed = {each.name: [*placed.get(each.name, ()), *of_erased] for each in ranker.offers.placed}
    return Outcome(users, encode_states(batch), listed, lists, [], [], [], counts, [], newest_ms, sampled, placed)


def refresh(users: list[str], states: Sequence[bytes | None], ranker: RankerState, opened_ms: int) -> Outcome:
    """Rank anew, as of an opening, those of the users who were last seen in the day before it.

    It is no update of theirs: the new list replaces the old one because it is as of a later moment. To be made again
    after a restart costs nothing but the work.
    """
    batch = decode_states(states, ranker.encoder.hidden)
    as_of_ms = batch.header["as_of_ms"]
    seen = (as_of_ms < opened_ms) & (as_of_ms >= opened_ms - RECENT_MS)
    rows = np.flatnonzero(still_listed(batch, users, ranker) & seen)
    lists, counts, sampled, placed = rank(batch, rows, nothing_merged(len(users)), users, ranker, opened_ms)
    counts["refreshed"] += rows.size
    recent = [users[row] for row in rows.tolist()]
    now = encode_states(batch)
    newest_ms = int(as_of_ms.max(initial=0))
    kept = [now[row] for row in rows.tolist()]
    return Outcome(recent, kept, recent if lists else [], lists, [], [], [], counts, [], newest_ms, sampled, placed)


def last_lists(users: list[str], states: Sequence[bytes | None], ranker: RankerState) -> Outcome:
    """Make the lists that were left for later, of those of the users who wait for one.

    They are those that the last record which changed each user would have led to at once: state says all that a list is
    made of but the ranker's own. States stay as they are, so whoever asks again is told the same.
    """
    batch = decode_states(states, ranker.encoder.hidden)
    rows = np.flatnonzero(still_listed(batch, users, ranker) & (batch.header["encoder"] == 0))
    lists, counts, sampled, placed = rank(batch, rows, nothing_merged(len(users)), users, ranker, 0)
    waiting = [users[row] for row in rows.tolist()] if lists else []
    return Outcome([], [], waiting, lists, [], [], [], counts, [], 0, sampled, placed)


def settle(states: Sequence[bytes | None], ranker: RankerState) -> list[bytes]:
    """Return the states of users whose events were processed muted as if they had not been: h and x are encoded."""
    batch = decode_states(states, ranker.encoder.hidden)
    stale = (batch.header["encoder"] == 0) & known(batch)
    encode(batch, np.flatnonzero(stale), nothing_merged(len(states)), ranker.encoder)
    return encode_states(batch)
