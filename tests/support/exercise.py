"""The common pass rule of the fault tests: feed, disturb, heal, drain, republish, then compare everything."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

from tests.support.equality import check_equal, differences
from tests.support.live import LiveJob
from tests.support.oracle import Oracle, Recorded
from tests.support.traffic import Message, Scenario, make_events, messages
from tests.support.version_watch import VersionWatch
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tideline.schemas.events import Event

USERS = 1_000
EVENTS = 20_000
_BEFORE_MS = 6 * 3_600_000
_WATCHED = 50
_Learned = dict[str, tuple[float, tuple[float, ...]]]
_FIRST_PART, _SECOND_PART = 0.4, 0.6


class Seen(NamedTuple):
    """What an exercise has shown, ready to be printed; `dead` are the dead letters it made."""

    numbers: dict[str, object]
    dead: list[Recorded]


def events_of(job: LiveJob, prefix: str, seed: int = 11) -> list[Event]:
    """Return a day's traffic of users of their own; with the same seed the same apart from their names."""
    start_ms = int(time.time() * 1000) - _BEFORE_MS
    activities = tuple(job.oracle.ranker.offers.activities.values())
    return make_events(Scenario(seed, USERS, EVENTS, activities, job.token_keys, start_ms, prefix))


def exercise(
    job: LiveJob,
    undisturbed: Sequence[Event],
    sent: Sequence[Message],
    disturb: Callable[[], None] = lambda: None,
    counters_last: bool = True,
) -> Seen:
    """Produce `sent`, call `disturb` under way and hold the outcome against an undisturbed run of `undisturbed`.

    `counters_last` tells that no task was lost, so that the job's counters count all of it.
    """
    users = sorted({event.user_id for event in undisturbed})
    metrics, expected = job.metrics(), job.oracle.outcomes()
    sums, accounted, dead = job.oracle.learned(), job.oracle.accounted(), len(job.read(job.topics.dead_letters))
    first, second = (round(len(sent) * share) for share in (_FIRST_PART, _SECOND_PART))
    started = time.monotonic()
    with VersionWatch(job, users[:: len(users) // _WATCHED]) as watch:
        job.produce(sent[:first])
        job.produce(sent[first:second])
        disturb()
        healed = time.monotonic()
        job.produce(sent[second:])
        job.drain()
        drained = time.monotonic()
        job.settle()
    gained = _difference(job.oracle.learned(), sums)
    lists_equal = _check_all(job, users, _control(job, undisturbed), gained)
    fate = {name: count - accounted[name] for name, count in job.oracle.accounted().items()}
    assert not watch.steps_back, watch.steps_back[:3]
    assert sum(fate.values()) == len(sent), fate
    if counters_last:
        _wait_counted(job, job.oracle.outcomes() - expected, metrics)
    numbers: dict[str, object] = {
        "produced": len(sent),
        **fate,
        "lists_equal": lists_equal,
        "impressions": sum(impressions for impressions, _ in gained.values()),
        "clicks": sum(rewards[0] for _, rewards in gained.values()),
        "samples": watch.samples,
        "steps_back": len(watch.steps_back),
        "heal_to_drained_s": round(drained - healed, 1),
        "seconds": round(time.monotonic() - started, 1),
    }
    return Seen(numbers, job.read(job.topics.dead_letters)[dead:])


def _check_all(job: LiveJob, users: list[str], control: Oracle, gained: _Learned) -> int:
    """Hold lists and what was learned against the oracle's and those of an undisturbed run, of so many users."""
    check_equal(job.oracle.lists, job.all_lists())
    check_equal(control.lists, job.lists(users))
    check_equal(_difference(control.learned(), {}), gained)
    return len(control.lists)


def _wait_counted(job: LiveJob, wanted: Mapping[str, int], before: Mapping[str, float]) -> None:
    """Wait until the job has counted so many more of each outcome than `before`."""

    def counted() -> dict[str, float]:
        now = job.metrics()
        return {name: now[name] - before[name] for name in wanted}

    what = "the counters are the oracle's"
    wait_until(what, lambda: counted() == wanted, state=lambda: differences(wanted, counted()))


def _control(job: LiveJob, undisturbed: Sequence[Event]) -> Oracle:
    """Return the outcome of the undisturbed events under the policy that the job ended with."""
    control = Oracle(job.oracle.ranker.settings, job.oracle.ranker.encoder)
    control.ranker = control.ranker.with_activities(job.oracle.ranker.offers.activities)
    control.learn(job.read(job.topics.policy))
    now_ms = int(time.time() * 1000)
    control.apply_by_user([Recorded(0, 0, message.key, message.value, now_ms) for message in messages(undisturbed)])
    control.republish(job.oracle.republished)
    return control


def _difference(after: _Learned, before: _Learned) -> _Learned:
    none = (0.0, (0.0, 0.0, 0.0))
    gained = {}
    for name, (impressions, rewards) in after.items():
        was_impressions, was_rewards = before.get(name, none)
        more = tuple(round(now - was, 2) for now, was in zip(rewards, was_rewards, strict=True))
        if impressions - was_impressions or any(more):
            gained[name] = (impressions - was_impressions, more)
    return gained
