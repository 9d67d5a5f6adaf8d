"""Contract: the dashboard asks only what Prometheus has, says what it shows, and shows what alerts are made of."""

from __future__ import annotations

import json
from itertools import combinations
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.dashboard import dashboard, expressions, panels
from tests.support.expressions import metrics_in, not_served
from tests.support.promtool import alerts, promtool, rules

if TYPE_CHECKING:
    from pathlib import Path


def test_prometheus_can_read_every_expression(tmp_path: Path) -> None:
    file = tmp_path / "expressions.yaml"
    asked = [{"record": f"panel:{number}", "expr": each} for number, each in enumerate(expressions())]
    file.write_text(json.dumps({"groups": [{"name": "panels", "rules": asked}]}))

    assert f"{len(asked)} rules found" in promtool("check", "rules", str(file))


def test_every_expression_reads_metrics_that_the_job_shows() -> None:
    """Contract: declared by the job, let through by the filter of config.yaml, or recorded by a rule."""
    for each in expressions():
        assert metrics_in(each), each
        assert not_served(each) == set(), each


def test_what_alerts_are_made_of_is_on_the_dashboard() -> None:
    """Contract: whoever is paged sees there what the alert has seen."""
    recorded = {rule["record"]: rule["expr"] for rule in rules() if "record" in rule}
    shown = {name for each in expressions() for name in metrics_in(each)}
    shown |= {name for record in shown & recorded.keys() for name in metrics_in(recorded[record])}

    for name, rule in alerts().items():
        assert metrics_in(rule["expr"]) - shown == set(), name


@pytest.mark.parametrize("panel", panels(), ids=lambda panel: panel["title"])
def test_each_panel_says_what_it_shows_in_which_unit_and_from_where(panel: dict[str, Any]) -> None:
    """Contract: a description, a unit, a legend for each line, and the data source that the reader chose."""
    assert panel["description"].endswith(".")
    assert panel["fieldConfig"]["defaults"]["unit"]
    assert {each["datasource"]["uid"] for each in (panel, *panel["targets"])} == {"${datasource}"}
    assert all(target["legendFormat"] for target in panel["targets"])
    assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"])


def test_panels_have_ids_of_their_own_and_do_not_lie_on_each_other() -> None:
    found = dashboard()["panels"]

    assert len({panel["id"] for panel in found}) == len(found)
    for one, other in combinations([panel["gridPos"] for panel in found], 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        assert beside or one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert one["x"] + one["w"] <= 24


def test_variables_are_the_data_source_and_the_jobs_that_it_knows() -> None:
    source, job = dashboard()["templating"]["list"]

    assert (source["name"], source["type"]) == ("datasource", "datasource")
    assert job["query"] == "label_values(flink_jobmanager_job_runningTime, job_name)"
