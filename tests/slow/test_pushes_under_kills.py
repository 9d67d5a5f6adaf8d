"""Contract: twenty kills of TaskManagers and senders at random, and nobody is sent a message twice."""

from __future__ import annotations

import random
import signal
import time
from typing import TYPE_CHECKING

import pytest

from tests.support.push_shop import check_told_once, everybody_comes, expected, open_shop, sender, sent, told
from tests.support.waiting import wait_until
from tideline.scripts.commands.redis_target import client_of
from tideline.scripts.sending.claims import Claims

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.live import LiveJob
    from tideline.scripts.localstack import Stack

    Evidence = Callable[[str, dict[str, object]], None]

pytestmark = [pytest.mark.fault, pytest.mark.slow]

_KILLS, _SEED, _BUCKETS = 20, 16, 4


def _lose_taskmanager(job: LiveJob, at: int) -> None:
    """Kill one that the job runs on, replace it, and wait until all of the job runs again."""
    rest, running = job.stack.rest, job.taskmanagers()
    restored = rest.checkpoints(job.job_id).restored
    job.stack.kill_taskmanager(job.stack.taskmanagers.index(running[at % len(running)]), signal.SIGKILL)
    job.stack.add_taskmanager()
    wait_until("the job is restored", lambda: rest.checkpoints(job.job_id).restored > restored)
    rest.wait_running(job.job_id)


def _unsettled(claims: Claims) -> set[str]:
    """Return the ids of which nobody knows what became of them."""
    return {push_id for push_id, receipt in claims.every() if not receipt.outcome}


def test_nothing_is_sent_twice_over_twenty_kills_of_taskmanagers_and_senders(
    stack: Stack, evidence: Evidence, tmp_path: Path
) -> None:
    """Contract: every id has one content and goes out once at most; what did not go is a claim without a receipt."""
    shop, log, chance = open_shop(stack, "pushkills", _BUCKETS), tmp_path / "sent", random.Random(_SEED)
    everybody_comes(shop)
    sending = sender(shop, log)
    kills = {"TaskManager": 0, "sender": 0}
    try:
        wait_until("the first pushes", lambda: bool(told(shop)), within_s=480)
        for _ in range(_KILLS):
            time.sleep(chance.uniform(0.0, 15.0))
            if chance.random() < 0.5:
                kills["TaskManager"] += 1
                _lose_taskmanager(shop, chance.randrange(2))
            else:
                kills["sender"] += 1
                sending.kill()
                sending.wait()
                sending = sender(shop, log)
        ids = expected(shop)
        wait_until("everybody is told of", lambda: {each.push_id for each in told(shop)} >= ids, within_s=1_200)
        records = told(shop)
        most = check_told_once(records, ids, _BUCKETS)
        wanted = {each.push_id for each in records if each.sent}
        claims = Claims(client_of(stack.redis_url), stack.redis_url, shop.tag)
        wait_until("all are claimed", lambda: {push_id for push_id, _ in claims.every()} >= wanted)
        wait_until("the last sender is done", lambda: wanted <= set(sent(log)) | _unsettled(claims))
        lost, gone = _unsettled(claims), sent(log)
    finally:
        sending.terminate()
        sending.wait()
        stack.rest.cancel(shop.job_id)
    assert len(set(gone)) == len(gone), "each id was sent once"
    assert set(gone) <= wanted
    assert wanted - set(gone) <= lost
    not_sent = len(wanted - set(gone))
    found = {"users": len(ids), "kills": kills, "records": len(records), "most_of_one": most}
    evidence("P3 kills of TaskManagers and senders", found | {"sent": len(gone), "sent_twice": 0, "not_sent": not_sent})
