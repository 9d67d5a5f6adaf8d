import pytest

from tideline.scripts.diagnosis import job_metrics
from tideline.scripts.diagnosis.job_metrics import JobMetrics, samples_of

HEAD = "flink_taskmanager_job_task_operator_tideline_"
PAGE = f"""# HELP {HEAD}records records (scope: taskmanager_job_task_operator_tideline)
# TYPE {HEAD}records gauge
{HEAD}records{{job_id="a",operator_name="interest_rank",}} 120.0
{HEAD}records{{job_id="a",operator_name="learner",}} 0.0
{HEAD}redis_written{{job_id="a",operator_name="redis_writer",}} 1.5E3
flink_taskmanager_Status_JVM_CPU_Load{{host="here",}} 0.5
jvm_other{{host="here",}} 7
"""


def test_the_jobs_own_metrics_and_those_of_flink_are_found() -> None:
    assert [(each.name, each.value) for each in samples_of(PAGE)] == [
        ("records", 120.0),
        ("records", 0.0),
        ("redis_written", 1500.0),
        ("taskmanager_Status_JVM_CPU_Load", 0.5),
    ]


def test_a_restart_does_not_take_back_what_was_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    pages = iter([PAGE, "", PAGE.replace("120.0", "7.0")])
    monkeypatch.setattr(job_metrics, "fetch", lambda url: next(pages))
    metrics = JobMetrics()
    for expected in (120, 120, 127):
        metrics.read(["http://somewhere"])
        assert metrics.total("records") == expected
    assert metrics.total("redis_written") == 1_500
    assert metrics.total("unseen") == 0


def test_a_process_that_misses_one_look_is_not_counted_twice() -> None:
    """Contract: of two TaskManagers one does not answer once; the sum neither falls nor jumps."""
    one, other = (f'{HEAD}records{{tm_id="{name}",}} 100.0\n' for name in ("a", "b"))
    metrics = JobMetrics()
    for pages in ([one, other], [one, ""], [one, other]):
        metrics.take(pages)
        assert metrics.total("records") == 200


def test_tasks_that_ended_long_ago_are_summed_up_and_forgotten() -> None:
    """Contract: a year of restarts, each with labels of its own, keeps a bounded number of series."""
    metrics = JobMetrics()
    for attempt in range(1_000):
        metrics.take([f'{HEAD}records{{attempt="{attempt}",}} 2.0\n'])
    assert metrics.total("records") == 2_000
    assert len(metrics._series) < 200


def test_another_job_of_the_cluster_is_left_out() -> None:
    """Contract: Flink writes _ for what a label may not hold; what is of no job belongs to all."""
    lines = [f'{HEAD}records{{job_name="{name}",}} 5.0\n' for name in ("my_shop_1", "a_replay")]
    metrics = JobMetrics("my-shop.1")
    metrics.take([*lines, 'flink_jobmanager_numRunningJobs{host="h",} 2.0\n'])
    assert metrics.total("records") == 5
    assert metrics.now()["jobmanager_numRunningJobs"] == [2.0]
