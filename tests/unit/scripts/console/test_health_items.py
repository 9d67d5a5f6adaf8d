"""Contract: what is wrong is red or amber with its runbook, and what is well is not."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.console_world import metrics_page
from tideline.scripts.console.health_items import State, items_of
from tideline.scripts.console.looks import Counting, Looks
from tideline.scripts.console.sources import CheckpointsSeen, JobSeen, Pages, RedisSeen

_NOW_MS = 1_800_000_000_000
_STEP_MS = 150_000
_LAG = "flink_taskmanager_job_task_operator_KafkaSourceReader_KafkaConsumer_records_lag_max"
_ROOM = RedisSeen(1 << 20, 0)
_RUNS = JobSeen("RUNNING", True, CheckpointsSeen(9, 0, _NOW_MS - 20_000, 3 << 20, 400))


def _looks(*pages: str, job: JobSeen | None = _RUNS, redis: RedisSeen | None = _ROOM) -> Looks:
    looks, counting = Looks(), Counting("tideline")
    for at, page in enumerate(pages):
        looks.counted.append(counting.take(Pages({"tm": page}), _NOW_MS + at * _STEP_MS))
    if job is not None:
        looks.job = looks.job.again(job, _NOW_MS)
    if redis is not None:
        looks.redis = looks.redis.again(redis, _NOW_MS)
    return looks


def _judged(looks: Looks) -> dict[str, tuple[State, str]]:
    return {item.name: (item.state, item.runbook) for item in items_of(looks, _NOW_MS)}


def _grown(**counters: float) -> tuple[str, str]:
    return metrics_page(**dict.fromkeys(counters, 0.0)), metrics_page(**counters)


_WELL = dict(records=1_000, lists=900, list_ms=900, list_ms_le_1000=899, activities=40, drift_alarm=0)  # noqa: C408


def test_a_deployment_that_is_well_has_nothing_to_do() -> None:
    page = metrics_page(**_WELL) + f"{_LAG}{{}} 12.0\n"
    items = items_of(_looks(metrics_page(**dict.fromkeys(_WELL, 0)), page), _NOW_MS)
    assert {item.state for item in items} == {State.GOOD}
    assert {item.runbook for item in items} == {""}
    assert {item.name for item in items} >= {"job", "lists", "redis", "metrics", "lag", "checkpoints", "refused"}


@pytest.mark.parametrize(
    ("name", "counters", "state", "runbook"),
    [
        ("lists", {"list_ms": 900, "list_ms_le_1000": 700}, State.BAD, "TidelineListsLate"),
        ("lists", {"list_ms": 50, "list_ms_le_1000": 10}, State.WARN, "TidelineListsLate"),
        ("lists", {"list_ms": 900, "list_ms_le_1000": 880}, State.WARN, "TidelineListsLate"),
        ("lists", {"lists": 30}, State.BAD, "TidelineListsNotWritten"),
        ("activities", {"unlisted": 3, "activities": 5}, State.BAD, "TidelineNoActivities"),
        ("activities", {"activities": 0}, State.BAD, "TidelineNoActivities"),
        (
            "refused",
            {"records": 100, "dead_letters": 5, "dead_letters_producer_fault": 5},
            State.BAD,
            "TidelineProducerFaults",
        ),
        ("refused", {"records": 100, "dead_letters": 30}, State.WARN, "TidelineDeadLetters"),
        ("redis", {"redis_retry": 4}, State.WARN, "TidelineRedisRetrying"),
        ("learning", {"drift_alarm": 1}, State.WARN, "TidelineDrift"),
    ],
)
def test_what_is_counted_is_judged(name: str, counters: dict[str, float], state: State, runbook: str) -> None:
    assert _judged(_looks(*_grown(**counters)))[name] == (state, runbook)


@pytest.mark.parametrize(
    ("job", "runbook", "says"),
    [
        (JobSeen(""), "TidelineNoJob", "there is none"),
        (JobSeen("RESTARTING", root_cause="IOException: disk full"), "TidelineJobDown", "disk full"),
        (JobSeen("RUNNING", False), "TidelineJobDown", "not every task"),
        (JobSeen("FAILED", False), "TidelineJobDown", "FAILED"),
    ],
)
def test_a_job_that_does_not_run_is_red(job: JobSeen, runbook: str, says: str) -> None:
    (item,) = [item for item in items_of(_looks(job=job), _NOW_MS) if item.name == "job"]
    assert (item.state, item.runbook, says in item.says) == (State.BAD, runbook, True)


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({"last_ms": _NOW_MS - 400_000}, State.BAD),
        ({"last_ms": 0}, State.UNKNOWN),
        ({"failed": 2}, State.GOOD),
        ({"last_ms": _NOW_MS + 5_000}, State.GOOD),
    ],
)
def test_checkpoints_are_judged_by_their_age(changes: dict[str, Any], state: State) -> None:
    """Contract: a JobManager whose clock is ahead has none of the future."""
    told = CheckpointsSeen(9, 0, _NOW_MS - 20_000, 3 << 20, 400)._replace(**changes)
    assert _judged(_looks(job=JobSeen("RUNNING", True, told)))["checkpoints"][0] is state


def test_a_process_without_metrics_and_a_lag_are_seen() -> None:
    looks = _looks("", f"{_LAG}{{}} 5000.0\n")
    assert _judged(looks)["lag"] == (State.WARN, "TidelineFallingBehind")
    looks.counted.append(Counting("tideline").take(Pages({"jm": "", "tm": metrics_page(records=1)}), _NOW_MS))
    assert _judged(looks)["metrics"] == (State.BAD, "TidelineNotScraped")


@pytest.mark.parametrize("lag", ["NaN", "-Inf", "-1.0"])
def test_a_reader_that_has_read_nothing_has_no_lag(lag: str) -> None:
    assert "lag" not in _judged(_looks(f"{_LAG}{{}} {lag}\n"))


def test_what_does_not_answer_is_red_in_its_own_words_and_what_was_not_asked_is_unknown() -> None:
    looks = _looks(job=None, redis=None)
    assert _judged(looks)["redis"][0] is State.UNKNOWN
    looks.redis = looks.redis.failed("redis://h:1 does not answer", _NOW_MS)
    looks.job = looks.job.failed("refused", _NOW_MS)
    assert _judged(looks)["redis"] == (State.BAD, "TidelineRedisRetrying")
    assert _judged(looks)["job"] == (State.BAD, "TidelineNoJob")


def test_a_redis_that_is_nearly_full_is_amber() -> None:
    assert _judged(_looks(redis=RedisSeen(95, 100)))["redis"][0] is State.WARN
    assert _judged(_looks(redis=RedisSeen(0, 0)))["redis"][0] is State.GOOD


def test_a_heap_is_judged_by_the_least_it_was() -> None:
    """Contract: just before a collection it is full anyhow."""
    head = "flink_taskmanager_Status_JVM_Memory_Heap_"
    full, empty = (f"{head}Used{{}} {used}\n{head}Max{{}} 100\n" for used in (95, 40))
    assert _judged(_looks(full, full, full))["heap"] == (State.WARN, "TidelineHeapFull")
    assert _judged(_looks(full, empty, full))["heap"][0] is State.GOOD
    assert "heap" not in _judged(_looks(f"{head}Used{{}} 5\n{head}Max{{}} -1\n"))


def test_restarts_are_amber_when_there_are_many() -> None:
    head = 'flink_jobmanager_job_numRestarts{job_name="tideline",} '
    assert _judged(_looks(f"{head}0\n", f"{head}2\n"))["restarts"] == (State.GOOD, "")
    assert _judged(_looks(f"{head}0\n", f"{head}5\n"))["restarts"] == (State.WARN, "TidelineRestarting")
