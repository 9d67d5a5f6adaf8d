"""Contract: what the console reads of a running deployment is what is there."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from tests.support.waiting import wait_until
from tideline.schemas.errors import Unavailable
from tideline.schemas.events import Event, EventType
from tideline.scripts.audit.decision_scores import Ranking
from tideline.scripts.commands.target import Target
from tideline.scripts.console.deployment import JobManager, KafkaTopics, PrometheusPages, RedisServer
from tideline.scripts.console.explain import EQUAL, explain
from tideline.scripts.console.looks import Counting

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.live import LiveJob

pytestmark = [pytest.mark.integration, pytest.mark.slow]
_USER = "looked-at"


@pytest.fixture
def topics(job: LiveJob) -> Iterator[KafkaTopics]:
    found = KafkaTopics(Target(job.stack.kafka, job.topics, job.stack))
    yield found
    found.close()


def test_an_event_makes_a_list_whose_scores_can_be_worked_out_again(job: LiveJob, topics: KafkaTopics) -> None:
    """Contract: by the policy rows of the topic and the core, in the very order of the list."""
    server = RedisServer(job.stack.redis_url, job.config.prefix)
    now_ms = int(time.time() * 1000)
    for number, category in enumerate(("CHEESE", "TEA", "CHEESE")):
        topics.send(Event(f"console-{number}", _USER, EventType.VIEW, now_ms + number, category=category))
    payload = wait_until("the list is there", lambda: server.read([_USER])[0])
    assert topics.recent_users(50)[0] == _USER

    known = {name: each.activity for name, each in topics.activities().known.items()}
    config = job.config
    weights = config.weight_click, config.weight_conversion, config.weight_revenue, config.weight_cost
    told = explain(payload, known, Ranking(config.policy, weights), topics.policy)

    assert told["verdict"].startswith(EQUAL), told
    assert len(told["entries"]) == config.list_size
    job.drain()


def test_a_job_that_runs_is_seen_with_its_checkpoints_and_counters(job: LiveJob) -> None:
    manager = JobManager(job.stack.flink_rest_url, job.config.name)

    def saved() -> bool:
        told = manager.job().checkpoints
        return told is not None and told.last_ms > 0

    wait_until("a checkpoint is told", saved)
    seen = manager.job()
    assert (seen.state, seen.runs) == ("RUNNING", True)
    assert JobManager(job.stack.flink_rest_url, "of-another-name").job().state == ""
    counted = Counting(job.config.name).take(PrometheusPages(lambda: job.stack.metrics_urls).pages(), 1)
    assert (counted.silent, counted.total("records") > 0) == ((), True)
    assert counted.most("jobmanager_job_numRestarts") is not None
    assert counted.most("activities") == len(job.oracle.ranker.offers.activities)


def test_a_record_that_was_refused_is_found_with_its_reason_and_origin(job: LiveJob, topics: KafkaTopics) -> None:
    job.produce([(b"looked-at", b'{"user_id": "looked-at", ')])
    letters = wait_until(
        "the letter is there", lambda: [each for each in topics.letters(20) if each.key == b"looked-at"]
    )
    (letter,) = letters
    assert (letter.reason, letter.topic, letter.value) == (
        "bad_json",
        job.topics.clickstream,
        b'{"user_id": "looked-at", ',
    )
    assert letter.offset >= 0
    job.drain()


def test_behind_an_event_that_is_refused_the_next_one_is_taken(topics: KafkaTopics) -> None:
    """Contract: one line says why; the next one is written over a connection of its own."""
    now_ms = int(time.time() * 1000)
    plain = Event("behind-0", _USER, EventType.VIEW, now_ms, category="TEA")
    topics.send(plain)
    for _ in range(2):
        with pytest.raises(Unavailable, match=r"writing an event to topic clickstream.*larger"):
            topics.send(plain._replace(category="T" * 2_000_000))
    topics.send(plain._replace(event_id="behind-1"))
