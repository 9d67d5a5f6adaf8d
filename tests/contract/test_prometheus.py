"""A real Prometheus by the shipped configuration: rules, panels, the prober's page, and a process that is lost."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from tests.support.alert_stories import STORIES
from tests.support.dashboard import panels
from tests.support.prometheus_server import Prometheus
from tests.support.promtool import alerts, rules
from tests.support.waiting import wait_until
from tideline.scripts.diagnosis.probing import Probe, begun, exposition, with_probe
from tideline.scripts.sending import reports

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_UP = 'sum(up{job="tideline"})'


def flink_page() -> str:
    """Return what processes of Flink show while all is well: every series that an alert reads, at its first value."""
    shown = {
        series: values[0]
        for stories in STORIES.values()
        for story in stories
        for series, values in story.series.items()
        if series.startswith("flink_") and isinstance(values[0], int | float)
    }
    return "".join(f"{series} {value}\n" for series, value in shown.items())


def probe_page() -> str:
    """Return the page of a prober whose two shards have made their lists."""
    now_s = time.monotonic()
    return exposition(with_probe(begun(2, now_s), Probe((0.2, 0.3)), now_s), now_s)


@contextmanager
def served(page: str) -> Iterator[tuple[str, ThreadingHTTPServer]]:
    """Serve a page under /metrics; yield its address, and what serves it."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/metrics" else 404)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.end_headers()
            self.wfile.write(page.encode())

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_port}", server
        finally:
            server.shutdown()
            thread.join()


def test_all_that_is_shipped_works_in_a_real_prometheus(tmp_path: Path) -> None:
    """Contract: each rule is evaluated, no panel asks what it cannot, and a lost process is due to be told of."""
    with (
        served(flink_page()) as (flink, _),
        served(flink_page()) as (lost, its_server),
        served(probe_page()) as (prober, _),
        served(reports.exposition({"sent": 7}, 3, 60.0)) as (sender, _),
        Prometheus(
            tmp_path, {"tideline": [flink, lost], "tideline-probe": [prober], "tideline-senders": [sender]}
        ) as prometheus,
    ):
        wait_until("all is scraped", lambda: prometheus.value(_UP) == [2])
        wait_until("each rule was evaluated", lambda: {each["health"] for each in prometheus.rules()} == {"ok"})
        named = sorted(str(each.get("alert", each.get("record"))) for each in rules())
        assert sorted(each["name"] for each in prometheus.rules()) == named
        # With two scrapes there is a rate to be drawn.
        wait_until("the panels have something to show", lambda: _drawn(prometheus) > 0.5)
        assert prometheus.value("count(tideline_probe_stale_seconds)") == [2]
        assert prometheus.value('tideline_push_records_total{fate="sent"}') == [7]
        assert prometheus.alerts().keys() & {"TidelineNotScraped", "TidelineNoJob", "TidelineShardSilent"} == set()

        its_server.shutdown()
        its_server.socket.close()
        wait_until("the alert is due", lambda: prometheus.alerts().get("TidelineNotScraped") == "pending")
        assert prometheus.value(_UP) == [1]
        assert alerts()["TidelineNotScraped"]["for"] == "5m", "until then it wakes nobody"


def _drawn(prometheus: Prometheus) -> float:
    """Return the share of what the panels ask that has an answer; an error in one ends the test."""
    asked = [target["expr"] for panel in panels() for target in panel["targets"]]
    return sum(bool(prometheus.drawn(each)) for each in asked) / len(asked)
