"""The Grafana dashboard of flink-conf, as its panels and what they ask Prometheus."""

from __future__ import annotations

import json
from typing import Any

from tideline.scripts.localstack.paths import FLINK_CONF

DASHBOARD = FLINK_CONF / "dashboard.json"


def dashboard() -> dict[str, Any]:
    """Return all of it."""
    found: dict[str, Any] = json.loads(DASHBOARD.read_text())
    return found


def panels() -> list[dict[str, Any]]:
    """Return the panels that show something: all but the titles of rows."""
    return [panel for panel in dashboard()["panels"] if panel["type"] != "row"]


def expressions() -> list[str]:
    """Return what the panels ask, with the variables of Grafana put in."""
    asked = [target["expr"] for panel in panels() for target in panel["targets"]]
    return [each.replace("$__rate_interval", "1m").replace("$job", ".*") for each in asked]
