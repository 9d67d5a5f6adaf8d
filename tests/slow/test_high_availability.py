"""Contract: with high availability a lost JobManager costs nobody a hand: the same job goes on by itself."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from tests.support.doc_pages import ROOT, blocks
from tests.support.exercise import events_of, exercise
from tests.support.live import LiveJob
from tests.support.stacks import light
from tests.support.traffic import make_activities, messages
from tests.support.waiting import PATIENCE_S, wait_until
from tests.support.zookeeper import zookeeper
from tideline.scripts.localstack.paths import FLINK_CONF

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tideline.scripts.localstack import Stack

pytestmark = [pytest.mark.fault, pytest.mark.slow]


def _documented(quorum: str, shared: Path) -> str:
    """The settings that docs/operate.md adds, for this server and folder."""
    (settings,) = [each.code for each in blocks((ROOT / "docs" / "operate.md").read_text()) if "quorum" in each.code]
    return settings.replace("zk-1:2181,zk-2:2181,zk-3:2181", quorum).replace("$SHARED", shared.as_uri())


def test_a_job_whose_jobmanager_died_goes_on_as_the_same_job(
    stack: Stack, tmp_path: Path, evidence: Callable[[str, dict[str, object]], None]
) -> None:
    """Contract F4: kill -9 of the JobManager, twice: same job id, last checkpoint, nothing lost, no list goes back."""
    with zookeeper(tmp_path) as quorum:
        settings = tmp_path / "config.yaml"
        settings.write_text((FLINK_CONF / "config.test.yaml").read_text() + _documented(quorum, tmp_path / "ha"))
        own = light(f"{stack.name}-ha", stack, settings)
        with own:
            job = LiveJob(own, "ha")
            job.put_activities(make_activities(60, int(time.time() * 1000)))
            job.start()
            for number in (1, 2):
                events = events_of(job, f"f4-ha-{number}", number)
                seen = exercise(job, events, messages(events), lambda: _lose(job), counters_last=False)
                evidence("F4 kill -9 JobManager, high availability", {"times": number, **seen.numbers})


def _lose(job: LiveJob) -> None:
    rest, id_before = job.stack.rest, job.job_id
    rest.wait_checkpoints(id_before, 2)
    newest = rest.get(f"/jobs/{id_before}/checkpoints")["latest"]["completed"]["id"]
    job.stack.replace_jobmanager()
    wait_until("the job is there again", lambda: id_before in rest.jobs())
    rest.wait_running(id_before, PATIENCE_S)
    restored = rest.get(f"/jobs/{id_before}/checkpoints")["latest"]["restored"]
    assert restored["id"] >= newest
    assert list(rest.jobs()) == [id_before]
