"""Contract: a running job tells each user's push once, in his own hours, whatever TaskManager dies."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from tests.support.push_shop import check_told_once, everybody_comes, expected, open_shop, told
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from tideline.scripts.localstack import Stack

    Evidence = Callable[[str, dict[str, object]], None]

pytestmark = [pytest.mark.fault, pytest.mark.slow]


def test_each_user_is_told_once_in_his_hours_over_a_killed_taskmanager(stack: Stack, evidence: Evidence) -> None:
    """Contract: who sleeps, has no zone or did not agree is told nothing; a restore tells the same ids again."""
    shop = open_shop(stack, "pushkilled")
    everybody_comes(shop)
    restored = stack.rest.checkpoints(shop.job_id).restored
    wait_until("the first pushes", lambda: bool(told(shop)), within_s=480)
    before = len(told(shop))
    stack.kill_taskmanager(0, signal.SIGKILL)
    stack.add_taskmanager()
    wait_until("the job is restored", lambda: stack.rest.checkpoints(shop.job_id).restored > restored)
    stack.rest.wait_running(shop.job_id)
    ids = expected(shop)
    wait_until("everybody is told of", lambda: {each.push_id for each in told(shop)} >= ids, within_s=180)
    records = told(shop)
    most = check_told_once(records, ids)
    stack.rest.cancel(shop.job_id)
    evidence(
        "P1 kill -9 TaskManager while pushes are told",
        {"users": len(ids), "told_before": before, "records": len(records), "most_of_one": most},
    )
