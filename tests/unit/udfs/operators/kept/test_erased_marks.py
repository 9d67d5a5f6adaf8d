"""The mark of an erased user goes once nothing of before can come: against the little of Flink that it needs."""

from __future__ import annotations

from typing import Any, cast

from tests.support.flink_states import MemoryContext
from tests.unit.udfs.operators.kept.test_user_states import World, in_one, states_after
from tideline.udfs.core.users.erased_mark import marked
from tideline.udfs.operators.kept.erased_marks import ErasedMarks

_MINUTE_MS = 60_000
KEPT_MS = 35 * 86_400_000
ERASED_MS = 1_700_000_000_000
STATE = states_after(1)[0]


class Shard:
    """A shard's users, its marks, and timers that fire when the time comes."""

    def __init__(self, kept_ms: int = KEPT_MS) -> None:
        self.world, self.context = World(), MemoryContext()
        self.timers: set[int] = set()
        self.now_ms, self.gone = ERASED_MS, 0
        self.open(kept_ms)

    def open(self, kept_ms: int) -> None:
        """Open as the first time, and after a restart."""
        self.users = self.world.open()
        self.marks = ErasedMarks(cast("Any", self.context), self.users, self.world.shards(), kept_ms)

    def store(self, user: str, state: bytes) -> None:
        self.users.load([user], in_one)
        self.users.store([user], [state], in_one)
        self.marks.note([user], [state], in_one, self)

    def current_processing_time(self) -> int:
        return self.now_ms

    def register_processing_time_timer(self, at_ms: int) -> None:
        assert at_ms > self.now_ms
        self.timers.add(at_ms)

    def until(self, now_ms: int) -> None:
        """Let time pass; timers fire in their order."""
        while due := [at_ms for at_ms in self.timers if at_ms <= now_ms]:
            self.now_ms = min(due)
            self.timers.discard(self.now_ms)
            self.gone += self.marks.let_go(0, self.now_ms, self)
        self.now_ms = now_ms

    def kept(self) -> set[str]:
        """Return of whom anything is found, by whatever way."""
        noted = self.context.maps["erased_users"].values
        return {*self.world.values, *self.users.keys(), *noted}


def test_of_an_erased_user_nothing_is_left_once_his_mark_is_over() -> None:
    """Contract: neither state nor name nor a note of it, within a minute; until then all of it stays."""
    shard = Shard()
    shard.store("u", STATE)
    shard.store("other", STATE)
    shard.store("u", marked(ERASED_MS, b""))
    shard.until(ERASED_MS + KEPT_MS - 1)
    assert (shard.kept(), shard.gone) == ({"u", "other"}, 0)
    shard.until(ERASED_MS + KEPT_MS + _MINUTE_MS)
    assert (shard.kept(), shard.gone, shard.timers) == ({"other"}, 1, set())
    assert shard.users.load(["u", "other"], in_one) == [None, STATE]


def test_who_came_back_keeps_his_mark() -> None:
    """Contract: he is known by then, and what the topic says of him must not clear him a second time."""
    shard = Shard()
    shard.store("u", marked(ERASED_MS, b""))
    back = marked(ERASED_MS, STATE)
    shard.store("u", back)
    shard.until(ERASED_MS + 2 * KEPT_MS)
    assert (shard.users.load(["u"], in_one), shard.gone) == ([back], 0)
    assert not shard.context.maps["erased_users"].values


def test_who_was_erased_again_is_remembered_from_then_on() -> None:
    shard = Shard()
    shard.store("u", marked(ERASED_MS, b""))
    shard.until(ERASED_MS + KEPT_MS - 5)
    again_ms = ERASED_MS + KEPT_MS - 5
    shard.store("u", marked(again_ms, b""))
    shard.until(again_ms + KEPT_MS - 1)
    assert (shard.kept(), shard.gone) == ({"u"}, 0)
    shard.until(again_ms + KEPT_MS + _MINUTE_MS)
    assert (shard.kept(), shard.gone) == (set(), 1)


def test_many_erasures_of_a_minute_wake_a_shard_once() -> None:
    """Contract: and one that was over when it was noted, as after a loss of state, goes at the next minute."""
    shard = Shard()
    for number in range(50):
        shard.store(f"u{number}", marked(ERASED_MS, b""))
    assert len(shard.timers) == 1
    shard.store("long ago", marked(ERASED_MS - 2 * KEPT_MS, b""))
    shard.until(ERASED_MS + _MINUTE_MS)
    assert shard.gone == 1
    shard.until(ERASED_MS + KEPT_MS + _MINUTE_MS)
    assert (shard.gone, shard.kept()) == (51, set())


def test_after_a_restart_with_another_time_the_new_one_holds() -> None:
    """Contract: a longer one too, although the timers are those of the shorter one."""
    shard = Shard(KEPT_MS)
    shard.store("u", marked(ERASED_MS, b""))
    shard.open(2 * KEPT_MS)
    shard.until(ERASED_MS + 2 * KEPT_MS - 1)
    assert (shard.kept(), shard.gone) == ({"u"}, 0)
    shard.until(ERASED_MS + 2 * KEPT_MS + _MINUTE_MS)
    assert (shard.kept(), shard.gone) == (set(), 1)


def test_a_timer_of_somebody_else_looks_at_no_mark() -> None:
    """Contract: those that tell users of an opening come each second."""
    shard = Shard()
    shard.store("u", marked(ERASED_MS - 2 * KEPT_MS, b""))
    assert (shard.marks.let_go(0, ERASED_MS // _MINUTE_MS * _MINUTE_MS + 617, shard), shard.kept()) == (0, {"u"})
