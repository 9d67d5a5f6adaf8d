"""Scrapes a running stack, and lets Prometheus' own tool say what an alert makes of what was seen."""

from __future__ import annotations

import re
import time
import urllib.request
from typing import TYPE_CHECKING

from tests.support.expressions import metrics_in
from tests.support.promtool import alerts, expected, run_rule_tests
from tests.support.waiting import PATIENCE_S
from tests.support.watch import Watch

if TYPE_CHECKING:
    from pathlib import Path

    from tideline.scripts.localstack import Stack

STRETCH = 15
"""Seconds that promtool is told for each real one: a fault of half a minute is one of minutes to it."""
_LINE = re.compile(r"^((\w+)\{[^}]*\}) (\S+)$", re.MULTILINE)


def read_page(text: str, names: set[str]) -> dict[str, str]:
    """Return the series of some metrics in a page of Prometheus' text format.

    >>> read_page('# TYPE a gauge\\na{job="x",} 1.0\\nb{job="x",} 2.0\\n', {"a"})
    {'a{job="x",}': '1.0'}
    """
    return {series: value for series, name, value in _LINE.findall(text) if name in names}


class AlertWatch(Watch):
    """While it is open: scrapes what an alert reads, once a second or as often as the machine lets it."""

    def __init__(self, stack: Stack, alert: str) -> None:
        super().__init__(1.0)
        self._stack = stack
        self._alert = alert
        self._names = metrics_in(alerts()[alert]["expr"])
        self._pages: list[tuple[float, dict[str, str]]] = []
        self._began = time.monotonic()

    def now(self) -> int:
        """Return the seconds since it was made."""
        return int(time.monotonic() - self._began)

    def check(self, folder: Path, labels: dict[str, str], quiet: int, firing: int, recovered: int) -> None:
        """Hold what was scraped against the alert: quiet, firing and over at these seconds."""
        seconds = range(recovered + 1)
        names = sorted({series for _, page in self._pages for series in page})
        fires = [expected(self._alert, labels)]
        moments = [(quiet, []), (firing, fires), (recovered, [])]
        test = {
            "name": f"{self._alert} on what was scraped",
            "interval": f"{STRETCH}s",
            "input_series": [
                {"series": each, "values": " ".join(self._at(each, second) for second in seconds)} for each in names
            ],
            "alert_rule_test": [
                {"eval_time": f"{at * STRETCH}s", "alertname": self._alert, "exp_alerts": alert}
                for at, alert in moments
            ],
        }
        run_rule_tests(folder, [test])

    def _at(self, series: str, second: int) -> str:
        """What the newest page of then said; _ where there was none, or none of it."""
        pages = [page for at, page in self._pages if at <= second]
        return pages[-1].get(series, "_") if pages else "_"

    def look(self) -> None:
        """Scrape every process; one that was lost shows nothing."""
        page: dict[str, str] = {}
        for url in self._stack.prometheus_urls.values():
            try:
                with urllib.request.urlopen(url, timeout=PATIENCE_S) as answer:  # noqa: S310 - http, from the stack
                    page |= read_page(answer.read().decode(), self._names)
            except OSError:
                continue
        self._pages.append((time.monotonic() - self._began, page))
