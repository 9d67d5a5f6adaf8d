"""Contract: events in Kafka become lists in Redis, the same ones that the plain-Python oracle computes."""

from __future__ import annotations

import re
import urllib.request

import pytest

from tests.support.dashboard import expressions
from tests.support.equality import check_equal
from tests.support.expressions import OF_OTHERS, metrics_in
from tests.support.live import LiveJob
from tests.support.promtool import rules
from tests.support.scenes import scenario
from tests.support.traffic import messages
from tests.support.waiting import PATIENCE_S, wait_until
from tideline.udfs.operators.metrics import COUNTERS, GAUGES

pytestmark = [pytest.mark.integration, pytest.mark.slow]


def test_lists_counters_and_sums_are_the_oracles(job: LiveJob) -> None:
    """Contract: after a drain, publish and republish every list equals the oracle's byte for byte; nothing is lost."""
    before, expected_before = job.metrics(), job.oracle.outcomes()
    produced = job.produce(messages(scenario(job, 1, "eq")))
    job.settle()
    check_equal(job.oracle.lists, job.all_lists())
    expected = job.oracle.outcomes() - expected_before
    metrics = job.metrics()
    check_equal(dict(expected), {name: metrics[name] - before[name] for name in expected})
    assert expected["records"] == produced
    assert sum(job.oracle.accounted().values()) == job.oracle.counts["records"]


def test_prometheus_serves_exactly_the_declared_metrics(job: LiveJob) -> None:
    """Contract: every metric of the job is declared with its meaning, and every declared one is served."""
    assert job.metrics().keys() == COUNTERS.keys() | GAUGES.keys()
    url = next(url for name, url in job.stack.prometheus_urls.items() if name.startswith("taskmanager"))
    with urllib.request.urlopen(url, timeout=PATIENCE_S) as answer:  # noqa: S310 - http, from the stack
        assert answer.headers["Content-Type"].startswith("text/plain")


def test_prometheus_serves_what_alerts_and_dashboard_read(job: LiveJob) -> None:
    """Contract: every metric that a rule or a panel names is on a page of the running stack, or is the prober's."""
    wanted = {name for each in [*(rule["expr"] for rule in rules()), *expressions()] for name in metrics_in(each)}
    wanted -= {"up", *(rule["record"] for rule in rules() if "record" in rule)}  # these Prometheus makes itself
    wanted -= OF_OTHERS  # processes of their own

    def missing() -> set[str]:
        found: set[str] = set()
        for url in job.stack.prometheus_urls.values():
            with urllib.request.urlopen(url, timeout=PATIENCE_S) as answer:  # noqa: S310 - http, from the stack
                found |= set(re.findall(r"^(\w+)\{", answer.read().decode(), re.MULTILINE))
        return wanted - found

    wait_until("all of them are served", lambda: not missing(), state=missing)
