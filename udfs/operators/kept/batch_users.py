"""A batch is worked off against what is kept of its users, each in his own shard."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from tideline.udfs.core.serving.batches.outcome import joined
from tideline.udfs.core.serving.engine import process, take_profiles
from tideline.udfs.core.serving.past.some_users import of_some
from tideline.udfs.core.serving.past.worlds import Worlds
from tideline.udfs.core.serving.renewal.renew import last_lists, settle
from tideline.udfs.operators.batch_rows import PROFILES
from tideline.udfs.operators.pushing.push_parts import PushParts
from tideline.udfs.operators.stop import failing_for_good

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from pyflink.datastream.functions import RuntimeContext

    from tideline.udfs.core.profiles.held_profiles import HeldProfiles
    from tideline.udfs.core.serving.batches.outcome import Outcome, Records
    from tideline.udfs.core.serving.past.some_users import SomeUsers
    from tideline.udfs.core.serving.ranker_state import RankerState
    from tideline.udfs.operators.batch_rows import Batch
    from tideline.udfs.operators.kept.erased_marks import ErasedMarks
    from tideline.udfs.operators.kept.opening_rolls import OpeningRolls
    from tideline.udfs.operators.kept.shard_keys import ShardKeys
    from tideline.udfs.operators.kept.user_states import ShardOf, UserStates

_AT_ONCE = 2_000
"""As many as a batch has records at most."""


class BatchUsers:
    """The users of a subtask's shards."""

    def __init__(
        self,
        context: RuntimeContext,
        shards: ShardKeys,
        states: UserStates,
        marks: ErasedMarks,
        rolls: OpeningRolls,
        *,
        later: bool = False,
        some: SomeUsers | None = None,
    ) -> None:
        """Take what is kept of them, and by which shard; `later` leaves lists to `last`, once nothing changes them.

        Records of others than `some` are passed over.
        """
        self._context = context
        self._shards = shards
        self._states = states
        self._marks = marks
        self._rolls = rolls
        self.later = later
        self.parts = PushParts()
        self._some = some

    def load(self, users: list[str], shard_of: ShardOf) -> list[bytes | None]:
        """Return the state of each; the job ends where one is of a build that this one cannot read."""
        with failing_for_good(self._context):
            return self.parts.taken(users, self._states.load(users, shard_of))

    def store(self, users: list[str], states: list[bytes], shard_of: ShardOf, timers: Any) -> None:
        """Keep these states of users who were loaded."""
        self._states.store(users, self.parts.joined(users, states), shard_of)
        self._marks.note(users, states, shard_of, timers)

    def names(self, shard: int) -> list[str]:
        """Return every user of a shard of whom something is kept."""
        self._shards.at(shard)
        return list(self._states.keys())

    def look(self, shards: Iterable[int], opened_ms: int, heard_ms: int, timers: Any) -> None:
        """Let each shard hear of the newest opening, as OpeningRolls.look has it."""
        for shard in shards:
            self._shards.at(shard)
            self._rolls.look(shard, opened_ms, heard_ms, self._states.keys, timers)

    def worked_off(
        self,
        batch: Batch,
        believed_ms: Sequence[int],
        ranker: RankerState | Worlds,
        *,
        muted: bool,
        held: HeldProfiles | None,
    ) -> Outcome:
        """Return what a batch leads to; nothing is stored yet. `believed_ms` are the times of its records.

        With `Worlds` each record is worked off with the state of its time.

        No list is as of an earlier moment than the opening that its user's shard has heard of. Where shards of a batch
        differ in that, as they do until all had events since, it is worked off in parts.
        """
        records, load = batch.records._replace(timestamps_ms=believed_ms), partial(self.load, shard_of=batch.shard_of)

        if isinstance(ranker, Worlds):
            work = partial(process, muted=muted, held=held)
            return self._of_some(
                records, partial(ranker.through, load=load, work=work, in_last=partial(work, later=self.later))
            )

        def part(some: Records, least_ms: int) -> Outcome:
            if batch.kind == PROFILES:
                return take_profiles(some, load, ranker, muted=muted, least_ms=least_ms)
            return process(some, load, ranker, muted=muted, later=self.later, held=held, least_ms=least_ms)

        by_least: dict[int, set[int]] = {}
        for shard in dict.fromkeys(batch.shards):
            self._shards.at(shard)
            by_least.setdefault(self._rolls.least_ms(shard), set()).add(shard)
        if len(by_least) == 1:
            return self._of_some(records, partial(part, least_ms=min(by_least)))
        outcomes = []
        for least_ms, shards in by_least.items():
            numbers = [number for number, shard in enumerate(batch.shards) if shard in shards]
            outcomes.append(part(records.part(numbers), least_ms).of_numbers(numbers))
        return joined(outcomes)

    def _of_some(self, records: Records, work: Callable[[Records], Outcome]) -> Outcome:
        return work(records) if self._some is None else of_some(self._some, records, work)

    def last(self, shard: int, ranker: RankerState) -> Iterator[Outcome]:
        """Yield the lists that wait in a shard, some users at a time; none but where they are left for `later`."""
        users = self.names(shard) if self.later else []
        for start in range(0, len(users), _AT_ONCE):
            part = users[start : start + _AT_ONCE]
            yield last_lists(part, self.load(part, lambda _: shard), ranker)


def settled(outcome: Outcome, over: Iterable[int], shard_of: ShardOf, ranker: RankerState) -> Outcome:
    """Return an outcome of a backfill with the users settled who are of a shard past its end: they stay so."""
    states, past = list(outcome.states), set(over)
    rows = [row for row, user in enumerate(outcome.users) if shard_of(user) in past]
    for row, state in zip(rows, settle([states[row] for row in rows], ranker), strict=True):
        states[row] = state
    return replace(outcome, states=states)
