"""Contract: what a changed option does to state on a restart is what the table of options says, option by option."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest

from tests.support.equality import check_equal
from tests.support.exercise import events_of
from tests.support.live import LiveJob
from tests.support.option_walk import BASE, SECOND_KEY, refused, steps
from tests.support.traffic import make_activities, messages
from tests.support.waiting import wait_until
from tideline.models.encoder import Encoder
from tideline.scripts.commands.submit import submit, token_keys
from tideline.scripts.commands.topics import ensure_topics
from tideline.udfs.core.serving.ranker_state import RankerState
from tideline.udfs.settings.rank_settings import rank_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tests.support.traffic import Message
    from tideline.scripts.localstack import Stack

    Evidence = Callable[[str, dict[str, object]], None]

pytestmark = [pytest.mark.fault, pytest.mark.slow]
_FIRST, _MORE = 6_000, 1_000


class Walk:
    """A job that is stopped and started again, and the traffic that is left for it."""

    def __init__(self, stack: Stack) -> None:
        while len(stack.taskmanagers) < 2:
            stack.add_taskmanager()
        self.job = job = LiveJob(stack, f"walk{int(time.time())}", **BASE)
        job.put_activities(make_activities(60, int(time.time() * 1000)))
        job.start()
        self._left = messages(events_of(job, "walk"))
        self._sent: set[str] = set()
        job.produce(self.more(_FIRST))
        job.settle()
        self.touched()
        self.savepoint = self.stop()

    def more(self, count: int) -> list[Message]:
        """Return the next messages."""
        found, self._left = self._left[:count], self._left[count:]
        self._sent |= {message.key.decode() for message in found if message.key}
        return found

    def touched(self) -> set[str]:
        """Return whose events were produced since this was last asked."""
        found, self._sent = self._sent, set()
        return found

    def stop(self) -> str:
        """Stop the job with a savepoint."""
        self.savepoint = self.job.stack.rest.savepoint(self.job.job_id, cancel=True)
        self.job.stack.rest.wait_state(self.job.job_id, ["CANCELED"])
        return self.savepoint

    def change(self, options: Mapping[str, str]) -> None:
        """Start again from the savepoint with options changed, in the job and in the oracle."""
        job = self.job
        if "token_keys" in options:
            (job.stack.root / "token_keys.json").write_text(json.dumps(token_keys(job.stack) | SECOND_KEY))
        job.go_on(self.savepoint, **{key: value for key, value in options.items() if key != "token_keys"})
        former = job.oracle.ranker
        job.oracle.ranker = RankerState.start(rank_settings(job.config), Encoder.load(job.config.encoder))
        job.oracle.ranker = job.oracle.ranker.with_activities(former.offers.activities)
        job.oracle.learn(job.read(job.topics.policy))


@pytest.fixture(scope="module")
def walk(stack: Stack) -> Iterator[Walk]:
    """A job that has learned and is stopped; at the end it is cancelled."""
    made = Walk(stack)
    yield made
    if stack.job_status(made.job.job_id) == "RUNNING":
        stack.rest.cancel(made.job.job_id)


def test_what_would_destroy_state_is_refused_by_the_job_itself(walk: Walk, evidence: Evidence) -> None:
    """Contract F27: `flink run -s` with such a change ends FAILED with key and both values, though nobody sends
    anything; no list is written."""
    job, lists, seen = walk.job, walk.job.all_lists(), dict[str, object]()
    for key, value in refused(job.tag).items():
        if key == "topics":
            ensure_topics(job.stack.kafka, job.topics.with_suffix("-other"))
        job_id = submit(job.stack, "live", job.options | {key: value}, walk.savepoint)
        assert job.stack.rest.wait_state(job_id, ["FAILED"]) == "FAILED"
        message = job.stack.rest.root_exception(job_id)
        (line, *_) = [line for line in message.splitlines() if f"{key}=" in line] or [message]
        assert "cannot be used; allowed: " in line, message
        assert str(getattr(job.config, key)) in line or key == "topics", message
        seen[key] = line[line.index(f"{key}=") :][:120]
    check_equal(lists, job.all_lists())
    evidence("F27 refused", seen)


@pytest.mark.parametrize("step", [*steps("broker:9092", "redis://cache", "t")])
def test_every_other_change_keeps_or_migrates_state(walk: Walk, evidence: Evidence, step: str) -> None:
    """Contract F27: users and sums go on where they were; lists are those of the new options, if new."""
    job = walk.job
    before, sums, known = job.all_lists(), job.oracle.learned(), dict(job.oracle.lists)
    walk.change(steps(job.stack.kafka_bootstrap, job.stack.redis_url, job.tag)[step])
    job.produce(walk.more(_MORE))
    job.oracle.apply_by_user(job.recorded())
    touched = walk.touched()
    untouched = before.keys() - touched
    assert untouched
    if step == "elsewhere":
        written = {user for user, payload in job.oracle.lists.items() if payload != known.get(user)}
        wait_until("new lists are there", lambda: written <= job.all_lists().keys())
        assert job.all_lists().keys() <= touched
    else:
        job.wait_lists()
        check_equal({user: before[user] for user in untouched}, job.lists(untouched))
    job.publish()
    job.republish()
    check_equal(job.oracle.lists, job.all_lists())
    grown = job.oracle.learned()
    assert all(grown[name][0] >= impressions for name, (impressions, _) in sums.items())
    walk.stop()
    evidence(f"F27 {step}", {"lists_equal": len(job.oracle.lists), "untouched_before": len(untouched)})
