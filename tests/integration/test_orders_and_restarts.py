"""Contract: encoders are swapped by order or refused, bad configuration never gets that far, state survives a stop."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path

import pytest

from tests.support.equality import check_equal
from tests.support.live import ENCODERS, LiveJob
from tests.support.traffic import Message, Scenario, make_activities, make_events, messages
from tests.support.waiting import wait_until
from tideline.models.registry import MODEL, verify
from tideline.schemas.codec import encode_event
from tideline.schemas.events import Event, EventType
from tideline.scripts.commands.submit import running_before, submit, take_over
from tideline.scripts.localstack import StackError
from tideline.udfs.core.control.control import LoadModel

pytestmark = [pytest.mark.integration, pytest.mark.slow]


def view(user: str, number: int) -> Message:
    event = Event(f"{user}.{number}", user, EventType.VIEW, int(time.time() * 1000), item_id="item-9", category="BEEF")
    return Message(user.encode(), encode_event(event))


def load_order(folder: Path) -> LoadModel:
    manifest = json.loads((folder / "manifest.json").read_text())
    return LoadModel(manifest["version"], str(folder), manifest["sha256"])


def ranked_by(job: LiveJob, user: str, number: int) -> int:
    """Version of the encoder behind a new list of the user."""
    job.produce([view(user, number)])
    job.drain()
    return int(json.loads(job.lists([user])[user])["m"])


def test_encoder_is_swapped_under_way_and_a_truncated_one_is_refused(job: LiveJob, tmp_path: Path) -> None:
    """Contract: after the order every list comes from the new encoder; a damaged one changes nothing."""
    assert ranked_by(job, "swap-1", 1) == 1
    broken = tmp_path / "demo-2"
    shutil.copytree(ENCODERS / "demo-2", broken)
    (broken / MODEL).write_bytes((broken / MODEL).read_bytes()[:-1000])
    before = job.metrics()["model_refused"]
    job.command(load_order(broken))
    wait_until("the damaged encoder is refused", lambda: job.metrics()["model_refused"] > before)
    assert ranked_by(job, "swap-1", 2) == 1
    job.swap(ENCODERS / "demo-2")
    assert ranked_by(job, "swap-1", 3) == verify(ENCODERS / "demo-2").version
    job.republish()
    check_equal(job.oracle.lists, job.all_lists())
    job.swap(ENCODERS / "demo-1")
    assert ranked_by(job, "swap-1", 4) == 1
    assert job.stack.rest.checkpoints(job.job_id).restored == 0


@pytest.mark.parametrize(
    ("option", "value", "allowed"),
    [
        ("shards", "3", "powers of two from 1 to 1024"),
        ("parallelism", "9", "at most one subtask a shard"),
        ("policy", "best", "linucb"),
    ],
)
def test_bad_configuration_is_refused_before_submission(job: LiveJob, option: str, value: str, allowed: str) -> None:
    """Contract: the message names key, value and what is allowed, and the cluster never hears of the job."""
    jobs_before = job.stack.rest.jobs().keys()
    with pytest.raises(StackError) as refused:
        submit(job.stack, "live", {**job.options, option: value})
    for part in (option, value, allowed):
        assert part in str(refused.value)
    assert job.stack.rest.jobs().keys() == jobs_before


def _take_over(job: LiveJob) -> None:
    job.job_id = take_over(job.stack, job.options, running_before(job.stack, job.config)).job_id
    job.stack.rest.wait_running(job.job_id)


def test_a_second_job_starts_beside_the_first_and_again_from_its_savepoint(
    job: LiveJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Contract: one job twice on the same TaskManager: the second run continues with the state of the first.

    So does the third, which is made ready beside the second and takes over from it.
    """
    stack = job.stack
    stack.add_taskmanager()
    second = LiveJob(stack, f"{job.tag}-b")
    activities = make_activities(20, int(time.time() * 1000))
    second.put_activities(activities)
    events = make_events(Scenario(5, 60, 900, activities, second.token_keys, int(time.time() * 1000) - 14_400_000))
    second.start()
    pids = [process.pid for process in stack.taskmanagers]
    half, most = len(events) // 2, len(events) * 3 // 4
    second.produce(messages(events[:half]))
    second.drain()
    savepoint = stack.rest.savepoint(second.job_id, cancel=True)
    stack.rest.wait_state(second.job_id, ["CANCELED"])
    second.produce(messages(events[half:most]))
    second.go_on(savepoint)
    second.settle()
    check_equal(second.oracle.lists, second.all_lists())
    assert stack.rest.checkpoints(second.job_id).restored >= 1
    before = second.job_id
    monkeypatch.setattr(second, "start", lambda _: _take_over(second))
    second.go_on("")
    assert stack.job_status(before) == "FINISHED"
    assert stack.rest.checkpoints(second.job_id).restored == 1
    second.produce(messages(events[most:]))
    second.settle()
    check_equal(second.oracle.lists, second.all_lists())
    assert [process.pid for process in stack.taskmanagers] == pids
    assert stack.rest.all_running(job.job_id)
    stack.rest.cancel(second.job_id)
