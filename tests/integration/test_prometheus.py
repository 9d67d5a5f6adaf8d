"""A real Prometheus beside the stack: it scrapes by the shipped configuration, and has rules and panels evaluated."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from tests.support.dashboard import panels
from tests.support.live import LiveJob
from tests.support.prometheus_server import Prometheus
from tests.support.promtool import alerts, rules
from tests.support.waiting import wait_until
from tideline.schemas.codec import encode_event
from tideline.schemas.events import Event, EventType

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.integration, pytest.mark.slow]
_UP = 'sum(up{job="tideline"})'


def test_a_real_prometheus_reads_the_stack_and_sees_a_lost_taskmanager(job: LiveJob, tmp_path: Path) -> None:
    """Contract: every target answers, each rule is evaluated, no panel asks what it cannot, an alert pends when due."""
    spare = job.stack.add_taskmanager()
    urls = job.stack.prometheus_urls
    nobody = ["127.0.0.1:1"]
    targets = {"tideline": [urlsplit(url).netloc for url in urls.values()]}
    targets |= {"tideline-probe": nobody, "tideline-senders": nobody}
    with Prometheus(tmp_path, targets) as prometheus:
        wait_until("all is scraped", lambda: prometheus.value(_UP) == [len(urls)])
        now_ms = int(time.time() * 1000)
        views = [Event(f"p{at}", f"prometheus-{at}", EventType.VIEW, now_ms, category="BEEF") for at in range(50)]
        job.produce([(event.user_id.encode(), encode_event(event)) for event in views])
        job.drain()
        lists = "sum(rate(flink_taskmanager_job_task_operator_tideline_lists[1m]))"
        wait_until("the lists are seen", lambda: sum(prometheus.value(lists)) > 0)

        wait_until("each rule was evaluated", lambda: {each["health"] for each in prometheus.rules()} == {"ok"})
        named = sorted(str(each.get("alert", each.get("record"))) for each in rules())
        assert sorted(each["name"] for each in prometheus.rules()) == named
        assert "TidelineNotScraped" not in prometheus.alerts()

        shown = [prometheus.drawn(target["expr"]) for panel in panels() for target in panel["targets"]]
        assert sum(map(bool, shown)) > len(shown) / 2, "the stack shows most of it"

        job.stack.kill_taskmanager(job.stack.taskmanagers.index(spare))
        wait_until("the alert is due", lambda: "TidelineNotScraped" in prometheus.alerts())
        assert prometheus.value(_UP) == [len(urls) - 1]
        assert alerts()["TidelineNotScraped"]["for"] == "5m", "until then it wakes nobody"
        assert prometheus.alerts()["TidelineNotScraped"] == "pending"
