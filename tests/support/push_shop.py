"""A job that tells pushes in the next buckets of five minutes, and users of every kind to be told or not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from typing import TYPE_CHECKING

from tests.support.live import LiveJob
from tests.support.push_log import DAY_MS, now_ms
from tests.support.traffic import messages
from tests.support.waiting import wait_until
from tideline.schemas.events import Event, EventType
from tideline.scripts.localstack.paths import REPOSITORY
from tideline.udfs.core.catalogue.activity import Activity
from tideline.udfs.core.hashing import hashes64
from tideline.udfs.core.profiles.profile_record import Consent, Profile, encode_profile
from tideline.udfs.core.push.push_record import PushRecord, decode_push
from tideline.udfs.core.push.push_user import push_id
from tideline.udfs.core.push.sending import held_out
from tideline.udfs.settings.rank_settings import rank_settings

if TYPE_CHECKING:
    from pathlib import Path

    from tideline.scripts.localstack import Stack

BUCKET_MS = 300_000
AWAKE = [f"awake{number}" for number in range(400)]
"""Who are told: the others sleep, have no zone, or did not agree."""
ASLEEP = [f"asleep{number}" for number in range(80)]
NOWHERE = [f"nowhere{number}" for number in range(80)]
SILENT = [f"silent{number}" for number in range(40)]


def open_shop(stack: Stack, name: str, buckets: int = 1) -> LiveJob:
    """Return a running job of two subtasks that may send in the next buckets, by the clocks of each user."""
    opens = (now_ms() + 90_000) // BUCKET_MS + 1
    times = [time.strftime("%H:%M", time.gmtime(each * 300)) for each in (opens, opens + buckets)]
    hours = [["all", times[0], times[1].replace("00:00", "24:00")]]
    push = {"week": 7, "zones": ["UTC", "Asia/Kolkata"], "hours": hours}
    while len(stack.taskmanagers) < 2:
        stack.add_taskmanager()
    job = LiveJob(stack, f"{name}{os.getpid()}", parallelism="2", push=json.dumps(push))
    start, end = now_ms() - DAY_MS, now_ms() + DAY_MS
    about = [Activity(f"m{at}", "push", f"Message {at}", start, end) for at in range(3)]
    job.put_activities([*about, Activity("c", "coupon", "Coupon", start, end)])
    job.start()
    return job


def everybody_comes(job: LiveJob) -> None:
    """Tell profiles of all who have one, and let each user look at something."""
    agreed = Consent(push=True)
    profiles = [Profile(user, now_ms(), time_zone="UTC", consent=agreed) for user in AWAKE]
    profiles += [Profile(user, now_ms(), time_zone="Europe/Berlin", consent=agreed) for user in ASLEEP]
    profiles += [Profile(user, now_ms(), consent=agreed) for user in NOWHERE]
    job.produce_to(job.topics.profiles, [(each.user_id.encode(), encode_profile(each)) for each in profiles])
    wait_until("profiles are read", lambda: job.metrics().get("profiles", 0) == len(profiles))
    everybody = [*AWAKE, *ASLEEP, *NOWHERE, *SILENT]
    job.produce(messages([Event(f"v.{user}", user, EventType.VIEW, now_ms(), "item-1", "tea") for user in everybody]))


def told(job: LiveJob) -> list[PushRecord]:
    """Return all that was told so far."""
    return [decode_push(each.value or b"") for each in job.read(job.topics.push)]


def expected(job: LiveJob) -> set[str]:
    """Return the ids of today's pushes: of each who is awake, but of who is never pushed."""
    held = held_out(hashes64(AWAKE), rank_settings(job.config).salt).tolist()
    return {push_id(user, now_ms() // DAY_MS, 0) for user, out in zip(AWAKE, held, strict=True) if not out}


def check_told_once(records: list[PushRecord], ids: set[str], buckets: int = 1) -> int:
    """Assert that these ids were told, each with one content and in its time; return how often one was at most."""
    assert {each.push_id for each in records} == ids
    assert {each.user_id for each in records} <= set(AWAKE)
    assert all(each.due_ms <= each.told_ms < each.expires_ms <= each.due_ms + buckets * BUCKET_MS for each in records)
    assert len({(each.push_id, each.sent, each.activity_id) for each in records}) == len(ids)
    return max(Counter(each.push_id for each in records).values())


def sender(job: LiveJob, log: Path) -> subprocess.Popen[bytes]:
    """Start a sender of what the job tells; it shares group and claims with all others of the job."""
    argv = [sys.executable, "-m", "tideline.scripts.commands.tideline", "push_sender", "--to-log", str(log)]
    argv += ["--bootstrap", job.stack.kafka_bootstrap, "--redis-url", job.stack.redis_url, "--prefix", job.tag]
    argv += ["--topics", json.dumps(job.topics.by_role()), "--group", f"sender-{job.tag}"]
    return subprocess.Popen(argv, cwd=REPOSITORY)


def sent(log: Path) -> list[str]:
    """Return the ids of what senders have sent, in order."""
    return [json.loads(line)["push_id"] for line in log.read_text().splitlines()] if log.exists() else []
