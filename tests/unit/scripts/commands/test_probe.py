"""Contract: a probe waits for a newer list of each canary, and says which shard made none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fakeredis import FakeRedis

from tideline.schemas.events import Event, EventType
from tideline.scripts.commands.probe import Prober, describe
from tideline.scripts.diagnosis.canaries import canaries
from tideline.scripts.diagnosis.probing import Probe

if TYPE_CHECKING:
    from collections.abc import Callable

_USERS = canaries(4)


def _job(client: FakeRedis, deaf: str = "") -> Callable[[Event], None]:
    """A job that writes a newer list at each event, but for one user."""
    numbers = iter(range(1, 1_000))

    def take(event: Event) -> None:
        assert event.type is EventType.VIEW
        if event.user_id != deaf:
            version = f"[1,{event.ts_ms},{next(numbers)}]"
            client.set(f"shop:list:{event.user_id}", f'{{"v":{version},"m":1,"i":[],"e":[],"k":""}}')

    return take


def test_each_shard_is_asked_and_timed() -> None:
    """Contract: one event a canary; a list from before the probe is not taken for its answer."""
    client = FakeRedis()
    prober = Prober(_job(client), client, "shop", len(_USERS))
    for _ in range(2):
        probe = prober.probe(5.0)
        assert probe.fresh == len(_USERS)
        assert all(each is not None and 0 <= each < 5 for each in probe.seconds)


def test_a_shard_that_makes_no_list_is_named() -> None:
    """Contract: its old list and something that is no list count as none; the others are not held back by it."""
    client = FakeRedis()
    Prober(_job(client), client, "shop", len(_USERS)).probe(5.0)
    client.set(f"shop:list:{_USERS[1]}", "no list")
    probe = Prober(_job(client, deaf=_USERS[2]), client, "shop", len(_USERS)).probe(0.2)
    assert [each is None for each in probe.seconds] == [False, False, True, False]
    told = describe(probe, _USERS, 0.2)
    assert told[0].startswith("3 of 4 shards have made a list, after 0.")
    assert told[1:] == [f"shard 2: no list of {_USERS[2]} within 0.2 s of its event"]


def test_where_no_shard_answers_no_time_is_told() -> None:
    assert describe(Probe((None,)), canaries(1), 10.0) == [
        "0 of 1 shards have made a list",
        "shard 0: no list of tideline-probe-00000 within 10 s of its event",
        "does the job run, and has it an activity to show? tideline doctor looks",
    ]
