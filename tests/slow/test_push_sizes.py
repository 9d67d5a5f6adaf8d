"""How much of a user's state is of pushes, after weeks of them."""

from __future__ import annotations

import numpy as np

from tests.support.core_world import activity, make_ranker
from tests.support.push_job import DAY_MS, HOUR_MS, MIDNIGHT_MS, PushJob
from tideline.schemas.events import Event, EventType
from tideline.udfs.core.push.learned.push_settings import read_push
from tideline.udfs.core.pushing.part.former_part import parted
from tideline.udfs.core.pushing.part.push_part import PushPart, decode_part

SETTINGS = read_push('{"week": 2, "zones": ["UTC"], "horizon_h": 72}')
NAMES = [f"user-{number:06d}" for number in range(40)]
DAYS = 21


def former_size(part: PushPart) -> int:
    """Return what version 1 took."""
    return 23 + 8 * len(part.user.pushes) + 24 * len(part.points)


def seen(job: PushJob, random: np.random.Generator, users: list[str]) -> None:
    """Let users view three things each."""
    job.see(
        *(
            Event(f"{user}.{job.now_ms}.{at}", user, EventType.VIEW, job.now_ms, f"i{random.integers(200)}", f"c{at}")
            for user in users
            for at in range(3)
        )
    )


def test_three_weeks_of_two_messages_take_no_more_than_32_bytes() -> None:
    """Contract: on average, of users of whom a seventh comes by each day; version 1 took three times as much."""
    open_ = {"starts_ms": MIDNIGHT_MS - 90 * DAY_MS, "ends_ms": MIDNIGHT_MS + 90 * DAY_MS}
    job = PushJob(
        make_ranker([activity(f"p{number}", kind="push", **open_) for number in range(20)], push=SETTINGS),
        now_ms=MIDNIGHT_MS + 7 * HOUR_MS,
    )
    random = np.random.default_rng(1)
    seen(job, random, NAMES)
    job.agree(NAMES)
    most: list[int] = []
    for day in range(1, DAYS + 1):
        job.until(MIDNIGHT_MS + day * DAY_MS)
        parts = [parted(job.state(user))[0] for user in NAMES]
        sizes, former = list(map(len, parts)), [former_size(decode_part(each)) for each in parts]
        most.append(max(sizes))
        print(f"day {day}: {np.mean(sizes):.1f} bytes, at most {max(sizes)}; version 1 {np.mean(former):.1f}")
        job.now_ms += 8 * HOUR_MS
        seen(job, random, [user for user in NAMES if random.random() < 1 / 7])
    assert np.mean(sizes) <= 32
    assert np.mean(former) > 3 * np.mean(sizes)
    assert max(most) <= 56
