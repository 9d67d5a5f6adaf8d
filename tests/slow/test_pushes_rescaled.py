"""Contract: pushes outlive savepoints, another number of subtasks, an older savepoint and a replay beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.push_shop import check_told_once, everybody_comes, expected, open_shop, sender, sent, told
from tests.support.replayed import replayed
from tests.support.running_job import make_room
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.live import LiveJob
    from tideline.scripts.localstack import Stack

    Evidence = Callable[[str, dict[str, object]], None]

pytestmark = [pytest.mark.fault, pytest.mark.slow]


def stopped(job: LiveJob) -> str:
    """Stop the job with a savepoint; return that."""
    savepoint = job.stack.rest.savepoint(job.job_id, cancel=True)
    job.stack.rest.wait_state(job.job_id, ["CANCELED"])
    return savepoint


def test_ids_stay_the_same_through_rescaling_and_older_state_and_nothing_is_sent_again(
    stack: Stack, evidence: Evidence, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Contract: in the middle of a bucket; what an older savepoint tells anew has the content it had; a replay tells
    nothing."""
    shop, log = open_shop(stack, "pushscaled"), tmp_path / "sent"
    everybody_comes(shop)
    sending = sender(shop, log)
    try:
        wait_until("the first pushes", lambda: bool(told(shop)), within_s=480)
        older = stopped(shop)
        shop.go_on(older, parallelism="1")
        before = len(told(shop))
        wait_until("one subtask tells more", lambda: len(told(shop)) > before, within_s=120)
        stopped(shop)
        before = len(told(shop))
        shop.go_on(older, parallelism="2")
        ids = expected(shop)
        wait_until("everybody is told of", lambda: {each.push_id for each in told(shop)} >= ids, within_s=240)
        records = told(shop)
        most = check_told_once(records, ids)
        wanted = {each.push_id for each in records if each.sent}
        wait_until("all are sent", lambda: set(sent(log)) >= wanted)
        make_room(stack)
        found = replayed(shop, capsys, "pushes-again", "--from", "0", parallelism="1")
        assert found["records"] > 0
        assert len(told(shop)) == len(records), "a replay tells nothing"
    finally:
        sending.terminate()
        sending.wait()
        stack.rest.cancel(shop.job_id)
    assert sorted(sent(log)) == sorted(wanted), "each id was sent once"
    told_again = len(records) - len(ids)
    assert told_again > 0, "the older savepoint told some anew"
    evidence(
        "P2 savepoints, 2, 1 and 2 subtasks, older state while pushes are told",
        {"users": len(ids), "told_before": before, "records": len(records), "most_of_one": most, "sent": len(wanted)},
    )
