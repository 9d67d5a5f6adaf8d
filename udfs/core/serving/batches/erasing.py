"""Carries out an order to erase a user, and keeps what came of him before out for ever.

What is erased: his whole state, of which up to when is left (erased_mark.py); his list, in whose place one without
entries goes (erased_list.py); and what was learned of him, as far as it is known (taking_back.py).
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tideline.schemas.errors import InvalidRecord
from tideline.udfs.core.erasure.erase_order import check_order
from tideline.udfs.core.erasure.taking_back import take_back_list, take_back_worth
from tideline.udfs.core.lists.decision_token import read_unverified, verify
from tideline.udfs.core.lists.erased_list import erased_list
from tideline.udfs.core.lists.list_version import ListVersion
from tideline.udfs.core.profiles.kept_profile import NO_PROFILE, order
from tideline.udfs.core.serving.admission import DeadLetter
from tideline.udfs.core.serving.batches.outcome import Outcome
from tideline.udfs.core.users.as_told import as_told
from tideline.udfs.core.users.as_told import known as has_lists
from tideline.udfs.core.users.user_state import clear, decode_states, encode_states

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from tideline.schemas.events import Event
    from tideline.udfs.core.rewards.feedback import Feedback
    from tideline.udfs.core.serving.ranker_state import RankerState
    from tideline.udfs.core.users.user_state import UserBatch


def erase(
    event: Event,
    appended_ms: Sequence[int],
    load: Callable[[list[str]], list[bytes | None]],
    ranker: RankerState,
    counts: Counter[str],
    least_ms: int,
    *,
    muted: bool,
) -> Outcome:
    """Carry out an order that is the only record of its batch; `counts` has what was counted of that.

    The user is erased up to the order's time, or to the moment of his newest list where that is later: clocks differ,
    and nothing that was known when the order came may stay.
    """
    users = [event.user_id]
    batch = decode_states(load(users), ranker.encoder.hidden)
    lists, feedback, dead, more = _obey(batch, event, ranker, least_ms)
    counts.update(more)
    lists = [] if muted else lists
    return Outcome(
        users=users,
        states=encode_states(batch),
        listed=users[: len(lists)],
        lists=lists,
        decisions=[],
        dead=dead,
        feedback=feedback,
        counts=counts,
        appended_ms=list(appended_ms[: len(lists)]),
        newest_ms=event.ts_ms,
        sampled=None,
        placed={each.name: lists for each in ranker.offers.placed},
    )


class _Obeyed(NamedTuple):
    """What an order led to: the list of an erased user if he was, what was taken back, or why it was refused."""

    lists: list[bytes]
    feedback: list[Feedback]
    dead: list[DeadLetter]
    counts: Counter[str]


def _obey(batch: UserBatch, event: Event, ranker: RankerState, least_ms: int) -> _Obeyed:
    keys = ranker.settings.keys
    try:
        check_order(event, keys)
        token = None if event.token is None else verify(event.token, event.user_id, keys)
    except InvalidRecord as error:
        return _Obeyed([], [], [DeadLetter(0, error)], Counter())
    if token is not None:
        batch.shown[0], feedback = take_back_list(batch.shown[0], token, ranker.offers.tags, ranker.attributing)
        return _Obeyed([], feedback, [], Counter(lists_taken_back=1, feedback=len(feedback)))
    feedback = []
    seq = int(batch.header["seq"][0]) + 1
    if event.ts_ms > batch.erased_ms[0]:
        feedback = take_back_worth(batch.shown[0], ranker.attributing.names)
        clear(batch, 0, max(event.ts_ms, _newest_list_ms(batch, least_ms)))
    version = ListVersion(ranker.generation, int(batch.erased_ms[0]), seq)
    return _Obeyed([erased_list(version)], feedback, [], Counter(erasures=1, feedback=len(feedback)))


def _newest_list_ms(batch: UserBatch, least_ms: int) -> int:
    rows = np.flatnonzero(has_lists(batch))
    return int(as_told(batch, rows, least_ms).header["as_of_ms"].max(initial=0))


class Kept(NamedTuple):
    """Events by user row that are of after his erasure, the numbers of those that are not, what was taken back."""

    by_row: list[list[tuple[int, Event]]]
    refused: list[int]
    feedback: list[Feedback]


def of_after(
    batch: UserBatch, users: Sequence[str], by_row: list[list[tuple[int, Event]]], ranker: RankerState
) -> Kept:
    """Return what is of after each user's erasure, by his state or by the topic of erasures: by its time and its token.

    The topic knows of erasures that state does not, after it was lost or over a range of before. What such a state
    still holds is kept until the order itself comes by, which takes back what was learned; where he is back before
    that, nothing of before may rank him, and it is cleared.
    """
    known_ms = ranker.erasures.up_to(users)
    feedback: list[Feedback] = []
    if not known_ms.any() and not batch.erased_ms.any():
        return Kept(by_row, [], feedback)
    refused: list[int] = []
    limits = np.maximum(known_ms, batch.erased_ms).tolist()
    by_row = list(by_row)
    for row, limit in enumerate(limits):
        if not limit:
            continue
        kept = [each for each in by_row[row] if _is_after(each[1], limit)]
        if len(kept) < len(by_row[row]):
            known = {number for number, _ in kept}
            refused += [number for number, _ in by_row[row] if number not in known]
        by_row[row] = kept
        if limit > batch.erased_ms[row] and (kept or _is_blank(batch, row)):
            feedback += take_back_worth(batch.shown[row], ranker.attributing.names)
            clear(batch, row, limit)
        batch.profiles[row] = profile_of_after(batch.profiles[row], limit)
    return Kept(by_row, refused, feedback)


def profile_of_after(profile: bytes, erased_ms: int) -> bytes:
    """Return a kept profile, none where it is not of after its user's erasure."""
    return profile if order(profile)[0] > erased_ms else NO_PROFILE


def still_listed(batch: UserBatch, users: Sequence[str], ranker: RankerState) -> NDArray[np.bool_]:
    """Return [U]: who has lists of his own; not whom the topic has erased and whose state still waits for the order."""
    listed: NDArray[np.bool_] = has_lists(batch)
    if ranker.erasures:
        listed = listed & (ranker.erasures.up_to(users) <= batch.erased_ms)
    return listed


def lists_of_erased(batch: UserBatch, users: Sequence[str], ranker: RankerState) -> tuple[list[str], list[bytes]]:
    """Return the users who were erased and have not come back, and the list of each."""
    rows = np.flatnonzero((batch.erased_ms > 0) & ~has_lists(batch)).tolist()
    made = [erased_list(ListVersion(ranker.generation, int(batch.erased_ms[row]), 0)) for row in rows]
    return [users[row] for row in rows], made


def _is_after(event: Event, erased_ms: int) -> bool:
    if event.ts_ms <= erased_ms:
        return False
    if event.token is None:
        return True
    try:
        return read_unverified(event.token).version.as_of_ms > erased_ms
    except InvalidRecord:
        return True  # attribution says what is wrong with it


def _is_blank(batch: UserBatch, row: int) -> bool:
    header = batch.header[row]
    return not (header["seq"] or header["as_of_ms"] or batch.shown[row])
