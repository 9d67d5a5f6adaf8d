"""Contract: topics that are deleted and made again while a job runs are read anew, not waited for in silence."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from kafka.admin import KafkaAdminClient

from tests.support.exercise import events_of
from tests.support.traffic import make_activities, messages
from tests.support.waiting import wait_until
from tideline.scripts.commands.topics import ensure_topics
from tideline.udfs.core.catalogue.activity import encode_activity
from tideline.udfs.core.control.control import PublishPolicy
from tideline.udfs.core.policies.arm_key import decode_row_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.faults.conftest import Jobs
    from tests.support.live import LiveJob

    Evidence = Callable[[str, dict[str, object]], None]

pytestmark = [pytest.mark.fault, pytest.mark.slow]


def make_again(job: LiveJob, topic: str) -> None:
    """Delete a topic with all its records and make it as it was."""
    admin = KafkaAdminClient(bootstrap_servers=job.stack.kafka_bootstrap)
    admin.delete_topics([topic])
    wait_until(f"{topic} is gone", lambda: topic not in admin.list_topics())
    admin.close()
    ensure_topics(job.stack.kafka, job.topics)


def test_topics_made_again_are_read_anew(jobs: Jobs, evidence: Evidence) -> None:
    """Contract: activities are those of the new topic alone, the policy is the rows written since; no restart."""
    job = jobs.with_subtasks(1)
    job.produce(messages(events_of(job, "again"))[:2_000])
    job.drain()
    restored = job.stack.rest.checkpoints(job.job_id).restored
    make_again(job, job.topics.activities)
    kept = make_activities(12, int(time.time() * 1000))
    job.produce_to(job.topics.activities, [(each.activity_id.encode(), encode_activity(each)) for each in kept])
    job.wait_gauge("activities", len(kept))
    former = int(job.metrics()["policy_version"])
    make_again(job, job.topics.policy)
    job.command(PublishPolicy(job.command_id()))
    wait_until("the new policy is used", lambda: job.metrics()["policy_made_again"] >= 1)
    newest = max(record.offset for record in job.read(job.topics.policy) if decode_row_key(record.key))
    job.wait_gauge("policy_version", newest)
    assert newest < former
    assert job.metrics()["activities_made_again"] >= 1
    seen = {"activities": int(job.metrics()["activities"]), "policy_version": [former, newest]}
    assert job.stack.rest.checkpoints(job.job_id).restored == restored
    job.stack.rest.cancel(job.job_id)  # its oracle knows nothing of the new topics: the next test gets another job
    job.stack.rest.wait_state(job.job_id, ["CANCELED"])
    evidence("topics made again", seen)
