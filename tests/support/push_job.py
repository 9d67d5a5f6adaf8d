"""The ranker's part in pushes over the little of Flink that it needs: users in shards, timers, a clock that is set."""

from __future__ import annotations

from collections import Counter
from copy import deepcopy
from typing import TYPE_CHECKING, Any, cast

from tests.support.core_world import activity, make_ranker
from tests.unit.udfs.operators.kept.test_user_states import World
from tideline.schemas.codec import encode_event
from tideline.schemas.events import Event, EventType
from tideline.udfs.core.hashing import hashes64
from tideline.udfs.core.lists.list_block import decode_block
from tideline.udfs.core.profiles.profile_record import Consent, Profile, encode_profile
from tideline.udfs.core.push.learned.push_settings import PushSettings, read_push
from tideline.udfs.core.push.push_record import PushRecord, decode_push
from tideline.udfs.core.push.send_hours import SLOT
from tideline.udfs.core.push.sending import held_out
from tideline.udfs.core.serving.batches.outcome import Records
from tideline.udfs.operators.batch_rows import EVENTS, PROFILES, Batch
from tideline.udfs.operators.kept.batch_users import BatchUsers
from tideline.udfs.operators.kept.erased_marks import ErasedMarks
from tideline.udfs.operators.pushing.pushes import Pushes

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tideline.udfs.core.serving.ranker_state import RankerState

MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000
MIDNIGHT_MS = 19_000 * DAY_MS
SETTINGS = read_push('{"week": 14, "zones": ["UTC"], "hours": [["all", "09:00", "20:00"]]}')
SHARDS = 3


def push_world(settings: PushSettings | None = SETTINGS, **terms: float) -> RankerState:
    """Return a ranker with four coupons and two activities that are pushed, all of them open for long."""
    open_ = {"starts_ms": MIDNIGHT_MS - 90 * DAY_MS, "ends_ms": MIDNIGHT_MS + 90 * DAY_MS}
    names = [activity(f"c{number}", **open_) for number in range(4)]
    pushed = [activity(name, kind="push", parameters=terms, **open_) for name in ("p1", "p2")]
    return make_ranker([*names, *pushed], push=settings)


class ShardedMap:
    """A MapState of the shard that Flink points at."""

    def __init__(self, world: World) -> None:
        self._world, self.by_shard = world, dict[int, dict[Any, Any]]()

    @property
    def _here(self) -> dict[Any, Any]:
        return self.by_shard.setdefault(self._world.shard, {})

    def keys(self) -> list[Any]:
        """Return all keys of the shard."""
        return list(self._here)

    def items(self) -> list[tuple[Any, Any]]:
        """Return all that the shard has."""
        return list(self._here.items())

    def get(self, key: Any) -> Any:
        """Return the value of a key."""
        return self._here.get(key)

    def put(self, key: Any, value: Any) -> None:
        """Keep a value."""
        self._here[key] = value

    def remove(self, key: Any) -> None:
        """Forget a key."""
        self._here.pop(key, None)


class Kept:
    """What a checkpoint has."""

    def __init__(self) -> None:
        self.world, self.timers, self.maps = World(), set[tuple[int, int]](), dict[str, ShardedMap]()

    def get_map_state(self, descriptor: Any) -> ShardedMap:
        """Return a state by its name."""
        return self.maps.setdefault(descriptor.get_name(), ShardedMap(self.world))


class PushJob:
    """One subtask. What Flink keeps outlives it."""

    def __init__(self, ranker: RankerState, kept: Kept | None = None, now_ms: int = MIDNIGHT_MS) -> None:
        """Begin with what is kept, or with nothing."""
        self.ranker, self.kept, self.now_ms = ranker, kept or Kept(), now_ms
        self.world, self.timers, self.counts = self.kept.world, self.kept.timers, Counter[str]()
        self.shards, self.feedback = self.world.shards(), list[bytes]()
        self._states = self.world.open(self.shards)
        context_ = cast("Any", self.kept)
        marks = ErasedMarks(context_, self._states, self.shards, DAY_MS)
        self.users = BatchUsers(context_, self.shards, self._states, marks, cast("Any", self))
        meters = cast("Any", self)
        self.pushes = Pushes(context_, ranker.settings.push, self.shards, self.users, meters)

    def add(self, counts: Counter[str]) -> None:
        """Count, as Meters do."""
        self.counts.update(counts)

    def least_ms(self, _: int) -> int:
        """No opening was heard of."""
        return 0

    def current_processing_time(self) -> int:
        """Return what the machine's clock shows."""
        return self.now_ms

    def register_processing_time_timer(self, at_ms: int) -> None:
        """Keep a timer of the shard that is worked on."""
        assert at_ms > self.now_ms
        self.timers.add((at_ms, self.world.shard))

    def take(self, kind: int, keys: Sequence[str], values: Sequence[bytes]) -> None:
        """Work a batch off, its records as of now."""
        names = [key.encode() for key in keys]
        shards, count = [shard_of(key) for key in keys], len(keys)
        by_key: dict[bytes | None, int] = dict(zip(names, shards, strict=True))
        records = Records(names, values, [self.now_ms] * count)
        batch = Batch(kind, records, shards, [0] * count, list(range(count)), by_key)
        outcome = self.users.worked_off(batch, records.timestamps_ms, self.ranker, muted=False, held=None)
        self.feedback.append(self.pushes.store(outcome, batch.shard_of, self.ranker, self.now_ms, self))

    def see(self, *events: Event) -> None:
        """Work events off."""
        self.take(EVENTS, [each.user_id for each in events], [encode_event(each) for each in events])

    def visit(self, users: Iterable[str]) -> None:
        """Let users view something now."""
        self.see(*(Event(f"{user}.{self.now_ms}", user, EventType.VIEW, self.now_ms, "i", "tea") for user in users))

    def agree(self, users: Iterable[str], zone: str | None = None, *, push: bool = True) -> None:
        """Let users say whether they may be sent messages."""
        told = [Profile(user, self.now_ms, time_zone=zone, consent=Consent(push=push)) for user in users]
        self.take(PROFILES, [each.user_id for each in told], [encode_profile(each) for each in told])

    def until(self, at_ms: int) -> list[PushRecord]:
        """Let time go on, somebody come by and timers fire whenever a bucket is over; return what is told of pushes."""
        found = []
        while self.now_ms < at_ms:
            wheel = self.kept.maps["push_wheel"].by_shard if "push_wheel" in self.kept.maps else {}
            begins = [(key >> 20) * SLOT * MINUTE_MS for each in wheel.values() for key in each]
            self.now_ms = min([at_ms, *(each for each in begins if each > self.now_ms)])
            self.see(Event(f"clock.{self.now_ms}", "clock", EventType.VIEW, self.now_ms, "i", "tea"))
            found += self.fire()
        return found

    def fire(self, within_ms: int = 4 * MINUTE_MS) -> list[PushRecord]:
        """Let all timers fire that are due now, and those that they lead to within some minutes."""
        found, here_ms = [], self.now_ms
        while due := [each for each in sorted(self.timers) if each[0] <= here_ms + within_ms]:
            self.now_ms, shard = max(due[0][0], self.now_ms), due[0][1]
            self.timers.discard(due[0])
            self.shards.at(shard)
            assert self.pushes.is_tick(shard, due[0][0])
            rows = self.pushes.work_off(shard, self.ranker, self)
            for row in rows:
                self.feedback.append(row[4])
                found += [decode_push(value) for value in decode_block(row[8]).payloads]
        self.now_ms = here_ms
        return found

    def saved(self) -> Kept:
        """Return all that is kept as a checkpoint has it."""
        return deepcopy(self.kept)

    def state(self, user: str) -> bytes:
        """Return all bytes that are kept of a user."""
        self.shards.at(shard_of(user))
        return self.world.values[user]


def shard_of(user: str) -> int:
    """Return a user's shard."""
    return sum(user.encode()) % SHARDS


USERS = [f"u{number}" for number in range(60)]


def begun(must: float = 0.0) -> PushJob:
    """Return a job whose users came by at seven and agreed to messages then."""
    job = PushJob(push_world(push_must=must), now_ms=MIDNIGHT_MS + 7 * HOUR_MS)
    job.visit(USERS)
    job.agree(USERS)
    return job


def pushed_to() -> set[str]:
    """Return who is not held out for good."""
    held = held_out(hashes64(USERS), push_world().settings.salt).tolist()
    return {user for user, out in zip(USERS, held, strict=True) if not out}
