"""What was shown and what came of it, from the log that `tideline export` writes: `tideline report`."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from tideline.models.coded_texts import CodedTexts
from tideline.models.tables import Table
from tideline.schemas.errors import ConfigError
from tideline.scripts.analysis.figures import (
    DecisionLog,
    calibration,
    drift,
    exploration,
    list_quality,
    part_of,
    places,
    rates,
)
from tideline.scripts.analysis.page import page
from tideline.scripts.analysis.read_log import LEAST_PROPENSITY
from tideline.scripts.analysis.rule_log import read_rules
from tideline.scripts.analysis.rule_prices import price_lines, rule_prices
from tideline.scripts.commands.archive_log import log_file
from tideline.scripts.commands.exits import Exit, failed
from tideline.scripts.parsers.verbs import parse
from tideline.udfs.core.limits import MAX_POSITIONS
from tideline.udfs.core.ranking.placements import DEFAULT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_COLUMNS = (
    "decision_id", "user", "action", "position", "ts_ms", "policy", "encoder_version", "arm", "explored", "propensity",
    "eligible", "mean", "click", "conversion", "revenue", "mature",
)  # fmt: skip


def read(path: Path, weights: Sequence[float]) -> DecisionLog:
    """Return the log of a file; `weights` are the worth of a click, a conversion and a unit of revenue.

    Raises:
        ConfigError: it cannot be read, a column is missing or holds something else.
    """
    table = Table(path, "--log")
    table.need(_COLUMNS, "the columns of tideline export")
    columns = _read(table)
    order = np.argsort(columns["ts_ms"], kind="stable")
    columns = {
        name: values.among(order) if isinstance(values, CodedTexts) else values[order]
        for name, values in columns.items()
    }
    click, conversion = columns["click"].astype(np.float64), columns["conversion"].astype(np.float64)
    revenue = columns["revenue"]
    return DecisionLog(
        user=columns["user"].code,
        shown_list=columns["decision_id"].code,
        position=columns["position"],
        ts_ms=columns["ts_ms"],
        action=columns["action"].code,
        actions=tuple(columns["action"].names.tolist()),
        groups=_groups(columns),
        click=click,
        conversion=conversion,
        revenue=revenue,
        explored=columns["explored"],
        propensity=columns["propensity"],
        eligible=columns["eligible"],
        ruled=np.isfinite(columns["feasible"]),
        mature=columns["mature"],
        predicted=columns["mean"],
        reward=weights[0] * click + weights[1] * conversion + weights[2] * revenue,
    )


def _groups(columns: Mapping[str, Any]) -> dict[str, CodedTexts]:
    found = {"policy": columns["policy"], "encoder": columns["encoder_version"], "arm": columns["arm"]}
    if set(columns["placement"].names.tolist()) - {DEFAULT}:
        found["placement"] = columns["placement"]
    return found


def _read(table: Table) -> dict[str, Any]:
    found: dict[str, Any] = {name: table.coded(name) for name in ("decision_id", "user", "action", "policy")}
    found["ts_ms"], found["arm"] = table.times("ts_ms"), table.coded("arm", empty="none")
    if "placement" in table.names:
        found["placement"] = table.coded("placement", empty=DEFAULT)
    else:  # a log of a former version
        found["placement"] = CodedTexts(np.array([DEFAULT]), np.zeros(table.rows, np.int32))
    versions, code = np.unique(table.whole("encoder_version", 0).astype(str), return_inverse=True)
    found["encoder_version"] = CodedTexts(versions, code.astype(np.int32))
    for name in ("position", "eligible"):
        found[name] = table.whole(name, 0)
    for name in ("explored", "click", "conversion", "mature"):
        found[name] = table.flags(name)
    for name in ("propensity", "mean", "revenue"):
        found[name] = table.numbers(name)
    ruled = "feasible" in table.names  # not in a log of lists without rules, whoever wrote it
    found["feasible"] = table.numbers("feasible") if ruled else np.full(found["position"].size, np.nan)
    table.require("position", found["position"] < MAX_POSITIONS, f"whole numbers from 0 to {MAX_POSITIONS - 1}")
    chance = found["propensity"]
    table.require("propensity", ~((chance < LEAST_PROPENSITY) | (chance > 1.0)), "empty, or above 0 and at most 1")
    table.require("revenue", np.isfinite(found["revenue"]), "a finite number in every row")
    return found


def report(log: DecisionLog, days: float) -> dict[str, Any]:
    """Return the report as a document; lists are judged by the clicks of the following `days`."""
    by: dict[str, Any] = {}
    for name, values in log.groups.items():
        by[name] = {
            str(value): rates(log, values.code == code) | list_quality(log, values.code == code, days)
            for code, value in enumerate(values.names)
        }
    by["activity"] = {name: rates(log, log.action == code) for code, name in enumerate(log.actions)}
    placement = log.groups.get("placement")
    parts = {DEFAULT: log}
    if placement is not None:
        parts = {name: part_of(log, placement.are(name)) for name in sorted({DEFAULT, *placement.names.tolist()})}
    examined = {name: places(part) for name, part in parts.items()}
    return {
        "range": _range(log),
        "by": by,
        "calibration": calibration(log),
        "exploration": exploration(log),
        "examination": examined.pop(DEFAULT),
        "placements": {name: _told_of(name, found) for name, found in examined.items()},
        "drift": drift(log),
    }


def _told_of(placement: str, found: dict[str, Any]) -> dict[str, Any]:
    """Return how often places of a placement are looked at, with commands that are for it alone."""
    orders = {key: found[key] and f"{found[key]} placement={placement}" for key in ("order", "cascade_order")}
    return found | orders


def _range(log: DecisionLog) -> str:
    if not log.ts_ms.size:
        return "nothing was shown"
    first, last = (datetime.fromtimestamp(int(at_ms) / 1000, UTC) for at_ms in (log.ts_ms[0], log.ts_ms[-1]))
    return f"{log.ts_ms.size:,} entries shown from {first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M} UTC"


def _lines(found: dict[str, Any]) -> list[str]:
    lines = [found["range"]]
    for name, groups in found["by"].items():
        if name == "activity":
            continue
        for value, each in groups.items():
            lines.append(
                f"{name:8}{value:16}{each['impressions']:9,} impressions, {each['immature']:,} immature  CTR "
                f"{_text(each['ctr'])} (mature {_text(each['ctr_mature'])})  CVR {_text(each['cvr'])} (mature "
                f"{_text(each['cvr_mature'])})  NDCG {_text(each['ndcg'])}"
            )
    lines.append(f"calibration: mean distance {_text(found['calibration']['error'])}")
    lines += _places(found["examination"])
    for name, its in found["placements"].items():
        lines += [f"places of {name}", *(f"  {line}" for line in _places(its))]
    lines += price_lines(found["rules"])
    lines.append("DRIFT ALARM" if found["drift"]["alarm"] else "no drift")
    return lines


def _places(found: dict[str, Any]) -> list[str]:
    lines = []
    unknown = [each["position"] for each in found["places"] if each["examined"] is None]
    for each in found["places"][: len(found["places"]) - len(unknown)]:
        low, high = each["examined_ci95"]
        lines.append(
            f"place {each['position']}: looked at {_text(each['examined'])} as often as place 0 (95 % {_text(low)} to "
            f"{_text(high)}); as a cascade, goes on without a click {_text(each.get('goes_on'))}"
        )
    if unknown:
        lines.append(f"places {unknown[0]} to {unknown[-1]}: too few clicks where the order was drawn to know them")
    if found["goes_on_after_click"] is not None:
        low, high = found["goes_on_after_click_ci95"]
        after = f"{_text(found['goes_on_after_click'])} (95 % {_text(low)} to {_text(high)})"
        lines.append(f"as a cascade, goes on after a click {after}")
    if found["order"]:
        lines.append(f"to learn by these shares: scripts/control examination {found['order']}")
    if found["cascade_order"]:
        lines.append(f"to learn as from lists read from the top: scripts/control examination {found['cascade_order']}")
    return lines


def _text(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"


def main(argv: Sequence[str]) -> int:
    """Exit status 0 when the report is made, 3 when nothing was shown, 1 with the reason otherwise."""
    arguments = parse("report", argv)
    try:
        with log_file(arguments.log) as path:
            log = read(path, arguments.weights)
            rules = rule_prices(read_rules(path))
        shown = log.ts_ms.size > 0
        found = report(log, arguments.days) | {"rules": rules}
        if arguments.html:
            arguments.html.write_text(page(found))
    except (ConfigError, OSError) as error:
        return failed("report", error)
    print(json.dumps(found) if arguments.json else "\n".join(_lines(found)))
    return Exit.DONE if shown else Exit.CANNOT_SAY
