"""A real Prometheus with the rules of flink-conf, and with its configuration but for what a test needs otherwise."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.parse
import urllib.request
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML

from tests.support.promtool import of_prometheus
from tests.support.waiting import PATIENCE_S
from tideline.scripts.localstack import process
from tideline.scripts.localstack.paths import FLINK_CONF

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from types import TracebackType


class Prometheus:
    """While it is open: scrapes these targets, by job of prometheus.yml, every second."""

    def __init__(self, folder: Path, targets: Mapping[str, Sequence[str]]) -> None:
        self._folder = folder
        self._url = f"http://127.0.0.1:{process.free_ports(1)[0]}"
        config = YAML(typ="safe").load(FLINK_CONF / "prometheus.yml")
        assert {each["job_name"] for each in config["scrape_configs"]} == targets.keys()
        for each in config["scrape_configs"]:
            each["static_configs"] = [{"targets": list(targets[each["job_name"]])}]
        config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
        config["rule_files"] = [str(FLINK_CONF / each) for each in config["rule_files"]]
        (folder / "prometheus.yml").write_text(json.dumps(config))

    def __enter__(self) -> Prometheus:
        program = of_prometheus("prometheus")
        argv = [
            program,
            f"--config.file={self._folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={self._folder / 'data'}",
            f"--web.listen-address={self._url.removeprefix('http://')}",
        ]
        self._managed = process.spawn("prometheus", argv, {}, self._folder, self._folder / "prometheus.log")
        process.wait_ready("prometheus", self._is_ready, [self._managed], time.monotonic() + PATIENCE_S)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        process.stop([self._managed])

    def ask(self, path: str, **parameters: str) -> Any:
        """Return the data of an answer; AssertionError with what Prometheus says where it is an error."""
        query = urllib.parse.urlencode(parameters)
        try:
            with urllib.request.urlopen(f"{self._url}/api/v1/{path}?{query}", timeout=PATIENCE_S) as answer:  # noqa: S310 - http, on this machine
                found = json.load(answer)
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{path} {parameters}: {error.read().decode()}") from error
        assert found["status"] == "success", found
        return found["data"]

    def value(self, expression: str) -> list[float]:
        """Return the numbers that an expression has now."""
        return [float(each["value"][1]) for each in self.ask("query", query=expression)["result"]]

    def drawn(self, expression: str) -> list[float]:
        """Return what Grafana would draw of a panel's expression over the last minute, asked as Grafana does."""
        asked = expression.replace("$__rate_interval", "1m").replace("$job", ".*")
        span = {"start": str(time.time() - 60), "end": str(time.time()), "step": "5"}
        found = self.ask("query_range", query=asked, **span)
        return [float(value) for series in found["result"] for _, value in series["values"]]

    def rules(self) -> list[dict[str, str]]:
        """Return every rule that it has, with its health."""
        return [rule for group in self.ask("rules")["groups"] for rule in group["rules"]]

    def alerts(self) -> dict[str, str]:
        """Return the state of each alert that is not inactive, pending or firing, by its name."""
        return {each["labels"]["alertname"]: each["state"] for each in self.ask("alerts")["alerts"]}

    def _is_ready(self) -> bool:
        with urllib.request.urlopen(f"{self._url}/-/ready", timeout=PATIENCE_S) as answer:  # noqa: S310 - as above
            return bool(answer.status == 200)
