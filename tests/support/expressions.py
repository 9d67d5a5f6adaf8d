"""Which metrics a PromQL expression reads, and which of Flink's the filter of config.yaml lets through."""

from __future__ import annotations

import re

from ruamel.yaml import YAML

from tests.support.promtool import rules
from tideline.scripts.diagnosis.probing import begun, exposition
from tideline.scripts.localstack.paths import FLINK_CONF
from tideline.scripts.sending import reports
from tideline.udfs.operators.metrics import COUNTERS, GAUGES, GROUP

OF_OPERATORS = f"flink_taskmanager_job_task_operator_{GROUP}_"
_NO_METRICS = re.compile(
    r'"[^"]*"|\{[^}]*\}|\[[^\]]*\]|\b(?:by|on|ignoring|without|group_left)\s*\([^)]*\)|\b[\d.]+\w*'
)
_NAME = re.compile(r"[A-Za-z_][\w:]*(?!\w|\s*\()")
_TYPE = re.compile(r"^# TYPE (\w+) (?:gauge|counter)$", re.MULTILINE)
OF_OTHERS = {*_TYPE.findall(exposition(begun(1, 0.0), 0.0)), *_TYPE.findall(reports.exposition({}, 0, 0.0))}
"""What the prober and senders of messages show."""
_WORDS = {"and", "or", "unless", "offset", "bool"}


def metrics_in(expression: str) -> set[str]:
    """Return the metrics that an expression reads.

    >>> sorted(metrics_in('sum by (job) (rate(a_total{x="b"}[5m])) / 1e3 > 0 unless up == 1'))
    ['a_total', 'up']
    """
    return set(_NAME.findall(_NO_METRICS.sub(" ", expression))) - _WORDS


def not_served(expression: str) -> set[str]:
    """Return those of an expression's metrics that no rule records and nobody of job, Flink, prober, sender shows."""
    recorded = {rule["record"] for rule in rules() if "record" in rule}
    declared = {f"{OF_OPERATORS}{name}" for name in COUNTERS | GAUGES}
    patterns = _filter()
    return {
        name
        for name in metrics_in(expression) - recorded - declared - OF_OTHERS - {"up"}
        if name.startswith(OF_OPERATORS) or not any(pattern.fullmatch(name) for pattern in patterns)
    }


def _filter() -> list[re.Pattern[str]]:
    """What the filter lets through, as names that Prometheus sees: scope:name,name;... with * for anything."""
    settings = YAML(typ="safe").load(FLINK_CONF / "config.yaml")
    patterns = []
    for part in settings["metrics.reporter.prom.filter.includes"].split(";"):
        scope, _, names = part.strip().partition(":")
        for name in names.split(","):
            path = f"flink.{scope}.{name.strip()}".replace("-", "_").replace(".", "_")
            patterns.append(re.compile(re.escape(path).replace(r"\*", r"\w*")))
    return patterns
