"""One batch, from raw records to lists: the whole of `interest_rank` without Flink.

bytes -> events -> guard -> history and attribution -> interest -> ranking -> lists. The live job, a replay and the
plain-Python oracle of the tests all call `process`. A backfill calls it muted, and `settle` at its end; a replay leaves
lists to `last_lists` (renewal/renew.py has both). What the shop says of users (profile records) comes by
`take_profiles`.
"""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tideline.schemas.errors import Reason
from tideline.udfs.core.catalogue.catalogue import eligible
from tideline.udfs.core.counter_random import decision_seeds
from tideline.udfs.core.hashing import activity_hash, hashes64
from tideline.udfs.core.lists.ranked_lists import ListHeads
from tideline.udfs.core.pairs.pairs_of import pairs_of
from tideline.udfs.core.policies.base import Contexts
from tideline.udfs.core.profiles.kept_profile import learns, newest
from tideline.udfs.core.profiles.profile_batch import told_by
from tideline.udfs.core.rewards.attribution import attribute
from tideline.udfs.core.rule_costs.steps import Masks, RuleClass
from tideline.udfs.core.serving.admission import DeadLetter, decode_events, set_robots_aside
from tideline.udfs.core.serving.batches.deeds import Attributed, brought_of
from tideline.udfs.core.serving.batches.erasing import erase, of_after, profile_of_after
from tideline.udfs.core.serving.batches.fates import set_aside
from tideline.udfs.core.serving.batches.outcome import Outcome, Records
from tideline.udfs.core.serving.batches.profiles_then import hold, turns_of_profiles
from tideline.udfs.core.serving.batches.turns import in_parts, in_turns, with_pushes
from tideline.udfs.core.serving.costs.sampled_decisions import SampledDecisions, looked_at_again
from tideline.udfs.core.serving.decisions import decision_records
from tideline.udfs.core.serving.offers.placed_lists import NO_LISTS, Asked, placed_lists
from tideline.udfs.core.serving.rank_arms import Scored, rank_arms
from tideline.udfs.core.serving.signed_lists import signed_lists
from tideline.udfs.core.users.as_told import as_told, known, not_to_learn
from tideline.udfs.core.users.history import history_rows, merge
from tideline.udfs.core.users.interest import ENCODE_BUCKETS, encode
from tideline.udfs.core.users.times_seen import see
from tideline.udfs.core.users.user_state import EVENT, decode_states, encode_states

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from tideline.schemas.events import Event
    from tideline.udfs.core.profiles.held_profiles import HeldProfiles
    from tideline.udfs.core.rewards.feedback import Feedback
    from tideline.udfs.core.rewards.token_events import ShownDecision
    from tideline.udfs.core.serving.admission import Admitted
    from tideline.udfs.core.serving.ranker_state import RankerState
    from tideline.udfs.core.users.history import Merged
    from tideline.udfs.core.users.user_state import UserBatch

__all__ = ["DeadLetter", "Listed", "Outcome", "Records", "process", "rank", "take_profiles"]


class Listed(NamedTuple):
    """Lists of the users asked for, none while no activity is known; decisions to be looked at again."""

    lists: list[bytes]
    counts: Counter[str]
    sampled: SampledDecisions | None = None
    placed: Mapping[str, list[bytes]] = NO_LISTS
    """Beside the default lists those of each placement, of the same users."""


def process(
    records: Records,
    load: Callable[[list[str]], list[bytes | None]],
    ranker: RankerState,
    *,
    muted: bool = False,
    later: bool = False,
    held: HeldProfiles | None = None,
    least_ms: int = 0,
) -> Outcome:
    """Apply records to their users; `load` returns the state bytes of the users asked for.

    The states of all users in the batch and the lists depend on the set of each user's events, not on their order.
    Muted, nobody is encoded and no list is made: states are those of an unmuted run once they are settled. With `later`
    none is made but of who is erased: who would get one is marked, and `last_lists` makes it of the state that he has
    by then. Of a past that is worked off, `held` are the profiles: each user's is then that of his newest event.
    No list is as of an earlier moment than `least_ms`.
    """
    by_user, of_pushes, undecoded, counts = decode_events(*records)
    again = partial(process, ranker=ranker, muted=muted, later=later, held=held, least_ms=least_ms)
    if counts["events_erase"]:
        if len(records.keys) == 1:
            ((_, order),) = next(iter(by_user.values()))
            return erase(order, records.timestamps_ms, load, ranker, counts, least_ms, muted=muted)
        return in_turns(records, with_pushes(by_user, of_pushes), load, again, ranker.settings.keys)
    if len(turns := turns_of_profiles(by_user, held, len(records.keys))) > 1:
        return in_parts(records, turns, load, again)
    batch = decode_states(load(users := list(by_user)), ranker.encoder.hidden)
    merged, changed, attributed = _apply(batch, by_user, counts, ranker, hold(batch, by_user, held))
    making = partial(_leave_stale, every=later) if muted or later else partial(rank, users=users, least_ms=least_ms)
    lists, of_lists, sampled, placed = making(batch, changed, merged, ranker=ranker)
    return Outcome(
        users=users,
        states=encode_states(batch),
        listed=[users[row] for row in changed.tolist()] if lists else [],
        lists=lists,
        decisions=attributed.decisions,
        dead=[*undecoded, *attributed.dead],
        aside=attributed.aside,
        push=[event for _, event in of_pushes],
        brought={users[row]: deeds for row, deeds in attributed.brought.items()},
        feedback=attributed.feedback,
        counts=attributed.counts + of_lists,
        appended_ms=_appended_ms(records, by_user, changed) if lists else [],
        newest_ms=int(batch.header["as_of_ms"].max(initial=0)),
        sampled=sampled,
        placed=placed,
    )


def _appended_ms(
    records: Records, by_user: Mapping[str, list[tuple[int, Event]]], rows: NDArray[np.int64]
) -> list[int]:
    newest_record = [events[-1][0] for events in by_user.values()]
    return [records.timestamps_ms[newest_record[row]] for row in rows.tolist()]


def take_profiles(
    records: Records,
    load: Callable[[list[str]], list[bytes | None]],
    ranker: RankerState,
    *,
    muted: bool = False,
    least_ms: int = 0,
) -> Outcome:
    """Apply profile records; of each user's the newest counts, whatever came first.

    Users who had lists get new ones where their profile changed, unless muted; no update of theirs is counted.
    """
    told = told_by(zip(*records, strict=True))
    users = list(told.profiles)
    batch = decode_states(load(users), ranker.encoder.hidden)
    former, batch.profiles = batch.profiles, list(map(newest, batch.profiles, told.profiles.values()))
    for row in np.flatnonzero(batch.erased_ms).tolist():
        batch.profiles[row] = profile_of_after(batch.profiles[row], int(batch.erased_ms[row]))
    new = np.array([before != after for before, after in zip(former, batch.profiles, strict=True)], np.bool_)
    rows = np.flatnonzero(new & known(batch) & (not muted))
    lists, counts, sampled, placed = rank(batch, rows, nothing_merged(len(users)), users, ranker, least_ms)
    listed = [users[row] for row in rows.tolist()] if lists else []
    counts.update(profiles=len(records.keys), profiles_applied=int(new.sum()))
    return Outcome(
        users=users,
        states=encode_states(batch),
        listed=listed,
        lists=lists,
        decisions=[],
        dead=[DeadLetter(number, error) for number, error in told.refused],
        feedback=[],
        counts=counts,
        appended_ms=[records.timestamps_ms[told.numbers[user]] for user in listed],
        newest_ms=int(batch.header["as_of_ms"].max(initial=0)),
        sampled=sampled,
        placed=placed,
    )


def _apply(
    batch: UserBatch,
    by_user: Mapping[str, list[tuple[int, Event]]],
    read: Counter[str],
    ranker: RankerState,
    told: NDArray[np.bool_],
) -> tuple[Merged, NDArray[np.int64], Attributed]:
    """Apply the events to the batch, in place; return the rows that changed, too, and all counts so far.

    Whose profile is another one (`told`) and who is known has a new list, as a live job makes one when it is told.
    """
    kept = of_after(batch, list(by_user), list(by_user.values()), ranker)
    admitted = set_robots_aside(batch, kept.by_row, ranker.catalogue.activities_of_item)
    before_ms = batch.header["as_of_ms"].copy()
    merged = _merge(batch, admitted)
    found = _attribute(batch, admitted, ranker)
    updates = merged.added + found.applied
    batch.header["seq"] += updates.astype(np.uint32)
    # What is told twice, the second time with a later clock, changes the moment a list is made for and no more.
    changed = np.flatnonzero((updates > 0) | (batch.header["as_of_ms"] != before_ms) | (told & known(batch)))
    aside = set_aside(admitted, merged, kept.refused)
    for more in (read, admitted.counts, Counter(reason.value for _, reason in aside)):
        found.counts.update(more)
    feedback, dead = kept.feedback + found.feedback, [*admitted.dead, *found.dead]
    brought = {} if ranker.settings.push is None else brought_of(admitted, found.by_row, aside)
    return merged, changed, found._replace(feedback=feedback, dead=dead, aside=aside + found.aside, brought=brought)


def _merge(batch: UserBatch, admitted: Admitted) -> Merged:
    events = history_rows(admitted.organic)
    owner = np.array(admitted.owners, np.int64)
    return merge(batch, owner, events)


def _attribute(batch: UserBatch, admitted: Admitted, ranker: RankerState) -> Attributed:
    applied, newest_ms = np.zeros((2, batch.header.size), np.int64)
    feedback: list[Feedback] = []
    by_row: dict[int, list[Feedback]] = {}
    shown: list[ShownDecision] = []
    dead, aside = list[DeadLetter](), list[tuple[int, Reason]]()
    joined: dict[str, int] = {}
    for row, events in admitted.attributable.items():
        found = attribute(batch.shown[row], events, ranker.attributing, learns=learns(batch.profiles[row]))
        batch.shown[row] = found.shown
        applied[row], newest_ms[row] = found.applied, found.newest_ms
        feedback += found.feedback
        if ranker.settings.push is not None:
            by_row[row] = found.feedback
        shown += found.decisions
        if found.decisions:
            first = [(activity_hash(each.activity_id), each.token.version.as_of_ms) for each in found.decisions]
            batch.seen[row] = see(batch.seen[row], first)
        dead += [DeadLetter(number, error) for number, error in found.refused]
        aside += [(number, Reason(outcome.value)) for number, outcome in found.aside]
        for outcome, times in found.joined.items():
            joined[outcome] = joined.get(outcome, 0) + times
    batch.header["as_of_ms"] = np.maximum(batch.header["as_of_ms"], newest_ms)
    counts = Counter({f"join_{outcome}": times for outcome, times in joined.items()})
    counts["feedback"] = len(feedback)
    counts["decisions_explored"] = sum(each.token.explored >> each.position & 1 for each in shown)
    return Attributed(applied, feedback, decision_records(shown, ranker), dead, aside, counts, by_row, {})


def rank(
    batch: UserBatch, rows: NDArray[np.int64], merged: Merged, users: list[str], ranker: RankerState, least_ms: int
) -> Listed:
    """Encode and rank the given users of the batch, as of `least_ms` at the earliest."""
    if not rows.size:
        return Listed([], Counter())
    counts = _encode_stale(batch, rows, merged, ranker)
    counts["lists"] += rows.size if ranker.catalogue.activities else 0
    if not ranker.catalogue.activities:
        counts["unlisted"] += rows.size
        return Listed([], counts)
    batch = as_told(batch, rows, least_ms)
    header = batch.header[rows]
    names = [users[row] for row in rows.tolist()]
    as_of_ms, seq = header["as_of_ms"], header["seq"].astype(np.int64)
    hashes = hashes64(names)
    x = np.ascontiguousarray(header["x"])
    arms = ranker.arms_of(hashes)
    seeds = decision_seeds(hashes, as_of_ms, seq, ranker.settings.salt)
    pairs = pairs_of(ranker.offers.content, batch, rows)
    contexts, some = Contexts(x, pairs), looked_at_again(ranker, seeds)
    capped = RuleClass.CAPS not in ranker.settings.lifted
    may = eligible(ranker.catalogue, batch, rows, hashes, some, capped=capped)
    after_caps, stopped = may.mask[some], ranker.stopped()
    may.mask[:, stopped] = False
    counts["lists_caps_full"] += may.caps_full
    scored = Scored() if ranker.offers.placed else None
    ranked = rank_arms(ranker, arms, contexts, may.mask, seeds, None, scored)
    heads = ListHeads(names, as_of_ms, seq, arms, until=may.until, unlearned=not_to_learn(batch, rows), hashes=hashes)
    lists = signed_lists(ranker, heads, x, pairs, ranked)
    placed = NO_LISTS
    if scored is not None:
        placed = placed_lists(ranker, heads, Asked(hashes, contexts, pairs, may.mask, ranked.order, scored))
        counts["lists_placed"] += rows.size * len(placed)
    if not some.size:
        return Listed(lists, counts, None, placed)
    masks = Masks.of(may.uncapped, after_caps, stopped)
    again = SampledDecisions(
        ranker, arms[some], contexts.part(some), masks, seeds[some], as_of_ms[some], ranked.order[some]
    )
    return Listed(lists, counts, again, placed)


def _encode_stale(batch: UserBatch, rows: NDArray[np.int64], merged: Merged, ranker: RankerState) -> Counter[str]:
    stale = rows[_stale(batch, rows, merged, ranker)]
    encode(batch, stale, merged, ranker.encoder)
    return Counter(["encode_batches", *(f"encode_batch_le_{size}" for size in ENCODE_BUCKETS if stale.size <= size)])


def _leave_stale(
    batch: UserBatch, rows: NDArray[np.int64], merged: Merged, ranker: RankerState, *, every: bool
) -> Listed:
    """Mark the users that `rank` would encode, or `every` one, as encoded by none: what makes their list does it."""
    batch.header["encoder"][rows if every else rows[_stale(batch, rows, merged, ranker)]] = 0
    return Listed([], Counter())


def _stale(batch: UserBatch, rows: NDArray[np.int64], merged: Merged, ranker: RankerState) -> NDArray[np.bool_]:
    """Return which users' x is not of their history and the encoder in use."""
    stale: NDArray[np.bool_] = (merged.added[rows] > 0) | (batch.header["encoder"][rows] != ranker.encoder.version)
    return stale


def nothing_merged(users: int) -> Merged:
    """Return what is merged into users who did nothing."""
    return merge(decode_states([None] * users, 0), np.zeros(0, np.int64), np.zeros(0, EVENT))
