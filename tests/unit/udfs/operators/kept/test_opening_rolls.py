"""Which users of a shard are told of an opening, and when: against the little of Flink that it needs."""

from __future__ import annotations

from typing import Any, cast

import pytest

from tideline.udfs.operators.kept.opening_rolls import OpeningRolls
from tideline.udfs.operators.pushing.pushes import Pushes


class Flink:
    """Keyed state of the one shard that is worked on, and its timers."""

    def __init__(self) -> None:
        self.kept: dict[int, bytes] = {}
        self.timers: set[int] = set()
        self.shard, self.now_ms = 3, 10_000_250

    def get_state(self, _: object) -> Flink:
        return self

    def value(self) -> bytes | None:
        return self.kept.get(self.shard)

    def update(self, value: bytes) -> None:
        self.kept[self.shard] = value

    def current_processing_time(self) -> int:
        return self.now_ms

    def register_processing_time_timer(self, at_ms: int) -> None:
        assert at_ms > self.now_ms
        self.timers.add(at_ms)


USERS = [f"u{number}" for number in range(25)]


def rolls(flink: Flink, per_s: int = 80) -> OpeningRolls:
    """Return what an operator has once it opened; 80 a second are 10 of each of 8 shards."""
    return OpeningRolls(cast("Any", flink), per_s, 8)


def tick(flink: Flink, its: OpeningRolls) -> tuple[list[str], int]:
    """Let the one pending timer fire."""
    (flink.now_ms,) = flink.timers
    flink.timers.clear()
    return its.part(flink.shard, flink)


def test_all_users_of_a_shard_are_told_some_at_a_time() -> None:
    """Contract: each once, a second between two parts, and no timer is left when all know."""
    flink = Flink()
    its = rolls(flink)
    its.look(3, 500, 500, lambda: USERS, flink)
    assert (its.least_ms(3), flink.timers) == (0, set())
    its.look(3, 600, 600, lambda: USERS, flink)
    assert its.least_ms(3) == 600
    parts = []
    while flink.timers:
        parts.append((flink.now_ms, *tick(flink, its)))
    assert [user for _, part, _ in parts for user in part] == USERS
    assert [len(part) for _, part, _ in parts] == [10, 10, 5]
    assert {opened for _, _, opened in parts} == {600}
    assert parts[2][0] - parts[1][0] == 1000
    its.look(3, 600, 600, lambda: USERS, flink)
    assert not flink.timers


def test_after_a_restart_it_begins_again_with_the_first() -> None:
    """Contract: the timer left over and the new one are the same, and who was told before is told again."""
    flink = Flink()
    before = rolls(flink)
    before.look(3, 500, 500, lambda: USERS, flink)
    before.look(3, 600, 600, lambda: USERS, flink)
    tick(flink, before)
    left = set(flink.timers)
    flink.now_ms += 150
    after = rolls(flink)
    assert after.least_ms(3) == 600
    after.look(3, 500, 500, lambda: USERS, flink)
    assert flink.timers == left
    assert tick(flink, after) == (USERS[:10], 600)


def test_an_opening_that_comes_meanwhile_begins_with_those_who_wait() -> None:
    """Contract: whoever was told of the first is told of the second last, and a user who is new since then too."""
    flink = Flink()
    its = rolls(flink)
    its.look(3, 500, 500, lambda: USERS, flink)
    its.look(3, 600, 600, lambda: USERS, flink)
    tick(flink, its)
    its.look(3, 700, 700, lambda: [*USERS, "new"], flink)
    parts = []
    while flink.timers:
        parts.append(tick(flink, its))
    assert [user for part, _ in parts for user in part] == [*USERS[10:], *USERS[:10], "new"]
    assert {opened for _, opened in parts} == {700}


def test_shards_do_not_work_at_the_same_moment() -> None:
    """Contract: eight shards have eight parts of the second."""
    flink = Flink()
    its = rolls(flink)
    for flink.shard in range(8):
        its.look(flink.shard, 500, 500, lambda: USERS, flink)
        its.look(flink.shard, 600, 600, lambda: USERS, flink)
    assert len({at_ms % 1000 for at_ms in flink.timers}) == 8


def test_none_a_second_is_none_at_all() -> None:
    """Contract: nothing is looked at or kept, and a timer left over by another setting tells nobody."""
    flink = Flink()
    rolls(flink).look(3, 500, 500, lambda: USERS, flink)
    rolls(flink).look(3, 600, 600, lambda: USERS, flink)
    kept = dict(flink.kept)
    flink.timers.clear()
    off = rolls(flink, 0)
    off.look(3, 700, 700, lambda: USERS, flink)
    assert off.part(3, flink) == ([], 0)
    assert (flink.kept, flink.timers) == (kept, set())


class Passing(Flink):
    """Its clock goes on while it is looked at, by as much as the phases are apart."""

    def current_processing_time(self) -> int:
        self.now_ms += 37
        return self.now_ms


@pytest.mark.parametrize("shard", range(128))
def test_no_timer_of_an_opening_is_taken_for_one_of_pushes(shard: int) -> None:
    """Contract: of any shard, at any moment of a second, whatever time passes while it is made."""
    flink = Passing()
    flink.shard = shard
    for moment_ms in range(0, 1000, 7):
        flink.now_ms, flink.timers = 60_000_000 + moment_ms, set()
        its = rolls(flink)
        its.look(shard, 500, 500, lambda: USERS, flink)
        its.look(shard, 600 + moment_ms, 600 + moment_ms, lambda: USERS, flink)
        assert flink.timers
        assert not [at_ms for at_ms in flink.timers if Pushes.is_tick(cast("Any", None), shard, at_ms)]
