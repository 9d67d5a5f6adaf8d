import pytest

from tideline.scripts.simulation import job_metrics
from tideline.scripts.simulation.job_metrics import JobMetrics, parse_metrics

HEAD = "flink_taskmanager_job_task_operator_tideline_"
PAGE = f"""# HELP {HEAD}records records (scope: taskmanager_job_task_operator_tideline)
# TYPE {HEAD}records gauge
{HEAD}records{{job_id="a",operator_name="interest_rank",}} 120.0
{HEAD}records{{job_id="a",operator_name="learner",}} 0.0
{HEAD}redis_written{{job_id="a",operator_name="redis_writer",}} 1.5E3
flink_taskmanager_Status_JVM_CPU_Load{{host="here",}} 0.5
"""


def test_the_jobs_own_metrics_are_found() -> None:
    assert parse_metrics(PAGE) == [("records", 120.0), ("records", 0.0), ("redis_written", 1500.0)]


def test_a_restart_does_not_take_back_what_was_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    pages = iter([PAGE, "", PAGE.replace("120.0", "7.0")])
    monkeypatch.setattr(job_metrics, "_fetch", lambda url: next(pages))
    metrics = JobMetrics()
    for expected in (120, 120, 127):
        metrics.read(["http://somewhere"])
        assert metrics.total("records") == expected
    assert metrics.total("redis_written") == 1_500
    assert metrics.total("unseen") == 0
