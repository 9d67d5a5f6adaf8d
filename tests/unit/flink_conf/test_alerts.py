"""Contract: every alert fires when it should, and only then, as Prometheus' own tool evaluates the rules."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.alert_stories import ABSENT_FIRES, STORIES
from tests.support.alert_story import Story
from tests.support.doc_pages import ROOT, anchors
from tests.support.expressions import metrics_in, not_served
from tests.support.promtool import ALERTS, alerts, expected, promtool, rules, run_alone, run_rule_tests

if TYPE_CHECKING:
    from pathlib import Path

_STEP_MINUTES = {"1m": 1, "5m": 5}
_RESET_EVERY = 3


def _told(alert: str, story: Story) -> dict[str, Any]:
    """The test of one story: quiet, firing, quiet again."""
    fires = [expected(alert, story.labels)]
    moments = [(story.quiet, []), (story.firing, fires), (story.recovered, [])]
    return _group(f"{alert} quiet, firing, recovered", story.step, story.series, alert, moments)


def _begun_again(alert: str, story: Story) -> dict[str, Any]:
    """The test of its resets: quiet all along."""
    steps = range(0, max(map(len, story.reset.values())), _RESET_EVERY)
    return _group(f"{alert} reset", story.step, story.reset, alert, [(step, []) for step in steps])


def _group(name: str, step: str, series: dict[str, Any], alert: str, moments: list[tuple[int, Any]]) -> dict[str, Any]:
    return {
        "name": name,
        "interval": step,
        "input_series": [{"series": each, "values": " ".join(map(str, values))} for each, values in series.items()],
        "alert_rule_test": [
            {"eval_time": f"{at * _STEP_MINUTES[step]}m", "alertname": alert, "exp_alerts": fires}
            for at, fires in moments
        ],
    }


def test_promtool_accepts_the_rules_and_the_configuration_that_loads_them() -> None:
    assert "SUCCESS" in promtool("check", "rules", str(ALERTS))
    assert "1 rule files found" in promtool("check", "config", str(ALERTS.with_name("prometheus.yml")))


def test_each_alert_is_quiet_fires_and_recovers(tmp_path: Path) -> None:
    """Contract: for each reason that an alert has; its labels and its texts are those that a pager gets."""
    assert STORIES.keys() == alerts().keys()
    run_rule_tests(tmp_path, [_told(name, story) for name, told in STORIES.items() for story in told])


def test_no_alert_fires_because_a_counter_begins_again(tmp_path: Path) -> None:
    """Contract: a task that starts anew counts from zero; that alone is no reason, at no moment."""
    for told in STORIES.values():
        for story in told:
            numbers = [[each for each in values if not isinstance(each, str)] for values in story.reset.values()]
            assert any(after < before for each in numbers for before, after in pairwise(each))
    run_alone(tmp_path, [(name, _begun_again(name, story)) for name, told in STORIES.items() for story in told])


def test_a_rule_that_fires_when_a_counter_begins_again_is_found(tmp_path: Path) -> None:
    """Contract: evaluated alone, a rule is the same rule."""
    story = STORIES["TidelineRestarting"][0]
    with pytest.raises(AssertionError, match="TidelineRestarting"):
        run_alone(
            tmp_path, [("TidelineRestarting", _begun_again("TidelineRestarting", story._replace(reset=story.series)))]
        )


def test_where_nothing_is_shown_only_what_says_so_fires(tmp_path: Path) -> None:
    """Contract: absent metrics are silence, but for the two alerts whose reason is the silence."""
    wanted = {name: [expected(name, labels)] for name, labels in ABSENT_FIRES.items()}
    asked = [{"eval_time": "30m", "alertname": each, "exp_alerts": wanted.get(each, [])} for each in alerts()]
    run_rule_tests(tmp_path, [{"name": "absent", "interval": "1m", "input_series": [], "alert_rule_test": asked}])


def test_a_rule_that_cannot_fire_is_found(tmp_path: Path) -> None:
    broken = tmp_path / "alerts.yaml"
    broken.write_text(ALERTS.read_text().replace("tideline_redis_retry[3m]))", "tideline_redis_retrys[3m]))"))

    with pytest.raises(AssertionError, match="TidelineRedisRetrying"):
        run_rule_tests(tmp_path, [_told("TidelineRedisRetrying", STORIES["TidelineRedisRetrying"][0])], broken)


@pytest.mark.parametrize("name", alerts())
def test_each_alert_says_how_urgent_it_is_and_where_its_runbook_stands(name: str) -> None:
    """Contract: `page` or `ticket`, one sentence, and a heading of the page of runbooks that is the alert's name."""
    rule = alerts()[name]
    page, _, heading = rule["annotations"]["runbook"].partition("#")

    assert rule["labels"]["severity"] in ("page", "ticket")
    assert rule["annotations"]["summary"].endswith(".")
    assert heading == name.lower()
    assert heading in anchors((ROOT / page).read_text())


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.get("alert") or rule["record"])
def test_each_rule_reads_only_metrics_that_the_job_shows(rule: dict[str, Any]) -> None:
    """Contract: declared by the job, or one of Flink's that the filter of config.yaml lets through."""
    assert metrics_in(rule["expr"])
    assert not_served(rule["expr"]) == set()


def test_a_metric_that_nobody_shows_is_found() -> None:
    expression = "rate(flink_taskmanager_job_task_operator_tideline_redis_oldr[5m]) + flink_jobmanager_job_numRestart"

    assert not_served(expression) == metrics_in(expression)
