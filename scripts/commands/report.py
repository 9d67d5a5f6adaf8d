"""What was shown and what came of it, from the log that `tideline export` writes: `tideline report`."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from tideline.schemas.errors import ConfigError
from tideline.scripts.analysis.calibration import calibration
from tideline.scripts.analysis.figures import ACTION, PLACEMENT, drift, exploration, places
from tideline.scripts.analysis.figures_by import list_quality, rates
from tideline.scripts.analysis.page import page
from tideline.scripts.analysis.rule_log import read_rules
from tideline.scripts.analysis.rule_prices import price_lines, rule_prices
from tideline.scripts.analysis.shown_log import ShownLog
from tideline.scripts.commands.archive_log import log_file
from tideline.scripts.commands.exits import Exit, failed
from tideline.scripts.parsers.verbs import parse
from tideline.udfs.core.ranking.placements import DEFAULT

if TYPE_CHECKING:
    from collections.abc import Sequence


def report(log: ShownLog, days: float) -> dict[str, Any]:
    """Return the report as a document; lists are judged by the clicks of the following `days`."""
    quality = list_quality(log, {name: log.names[name] for name in log.groups}, days)
    by: dict[str, Any] = {}
    for name in log.groups:
        by[name] = {value: its | quality[name][value] for value, its in rates(log, name, log.names[name]).items()}
    by["activity"] = rates(log, ACTION, log.names[ACTION])
    examined = {DEFAULT: places(log)}
    if PLACEMENT in log.groups:
        names = log.names[PLACEMENT]
        every = sorted({DEFAULT, *names})
        examined = {name: places(log, names.index(name) if name in names else -1) for name in every}
    return {
        "range": _range(log),
        "by": by,
        "calibration": calibration(log),
        "exploration": exploration(log, log.names[ACTION]),
        "examination": examined.pop(DEFAULT),
        "placements": {name: _told_of(name, found) for name, found in examined.items()},
        "drift": drift(log),
    }


def _told_of(placement: str, found: dict[str, Any]) -> dict[str, Any]:
    """Return how often places of a placement are looked at, with commands that are for it alone."""
    orders = {key: found[key] and f"{found[key]} placement={placement}" for key in ("order", "cascade_order")}
    return found | orders


def _range(log: ShownLog) -> str:
    if not log.rows:
        return "nothing was shown"
    first, last = (datetime.fromtimestamp(at_ms / 1000, UTC) for at_ms in (log.first_ms, log.last_ms))
    return f"{log.rows:,} entries shown from {first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M} UTC"


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
        with log_file(arguments.log) as path, TemporaryDirectory() as folder:
            log = ShownLog(path, arguments.weights, Path(folder))
            found = report(log, arguments.days) | {"rules": rule_prices(read_rules(path))}
        if arguments.html:
            arguments.html.write_text(page(found))
    except (ConfigError, OSError) as error:
        return failed("report", error)
    print(json.dumps(found) if arguments.json else "\n".join(_lines(found)))
    return Exit.DONE if log.rows else Exit.CANNOT_SAY
