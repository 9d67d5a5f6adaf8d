"""Experiments on the running job: `tideline experiment`."""

from __future__ import annotations

import json
import math
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tideline.models.tables import Table
from tideline.schemas.errors import ConfigError, InvalidRecord, Unavailable
from tideline.scripts.commands import export_log
from tideline.scripts.commands.archive_log import log_file
from tideline.scripts.commands.control import send_command
from tideline.scripts.commands.exits import Exit, failed
from tideline.scripts.commands.target import read_target
from tideline.scripts.localstack import StackError
from tideline.scripts.parsers.verbs import parse
from tideline.udfs.core.experiments.lift import Verdict, compare, interval, rate_of, share_interval

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from tideline.udfs.core.experiments.lift import Lift, Rate


class NothingShown(ConfigError):
    """The log has no row of the experiment, or none of the arm that others are compared with."""


_METRICS = {"ctr": "click", "cvr": "conversion", "revenue": "revenue"}


def arm_rates(path: Path, experiment: str) -> dict[str, dict[str, Rate]]:
    """Return each metric's rate by arm, per impression, over the experiment's rows of an exported log.

    METRIC_mature is over the rows whose attribution window is over, so that nothing more can come of them.

    Raises:
        ConfigError: the file cannot be read or lacks a column.
        NothingShown: it has no row of that experiment.
    """
    log = Table(path, "--log")
    log.need(("experiment", "arm", "user", "mature", *_METRICS.values()), "the columns of tideline export")
    experiments = log.texts("experiment", empty="")
    rows = experiments == experiment
    if not rows.any():
        known = sorted(set(experiments.tolist()) - {""})
        raise NothingShown("id", experiment, f"an experiment of this log: {', '.join(known) or 'it has none'}")
    user = np.unique(log.texts("user")[rows], return_inverse=True)[1]
    arms = log.texts("arm", empty="")[rows]
    mature = log.flags("mature")[rows]
    earned = {column: log.numbers(column) for column in _METRICS.values()}
    for column, values in earned.items():
        log.require(column, np.isfinite(values), "a finite number in every row")
    found: dict[str, dict[str, Rate]] = {}
    for suffix, counted in (("", np.ones_like(mature)), ("_mature", mature)):
        for metric, column in _METRICS.items():
            values = earned[column][rows]
            parts = {str(arm): counted & (arms == arm) for arm in np.unique(arms)}
            found[metric + suffix] = {
                arm: rate_of(user[here], values[here], np.ones(int(here.sum()))) for arm, here in parts.items()
            }
    return found


def report(rates: dict[str, dict[str, Rate]], against: str, guard: float) -> dict[str, Any]:
    """Return the document of `status`: by metric and arm the rate with its interval, and the lift over `against`.

    Raises:
        NothingShown: nobody has been shown anything in the arm compared with.
    """
    arms = rates["ctr"]
    if against not in arms:
        raise NothingShown("against", against, f"an arm with impressions: {', '.join(arms)}")
    found: dict[str, Any] = {}
    for metric, by_arm in rates.items():
        lifts = compare(by_arm, against, guard)
        bounds = interval
        if not metric.startswith("revenue"):  # a share loses no more than all of itself
            bounds, lifts = share_interval, {arm: lift._replace(low=max(lift.low, -1.0)) for arm, lift in lifts.items()}
        found[metric] = {arm: _entry(rate, bounds(rate), lifts.get(arm)) for arm, rate in by_arm.items()}
    return found


def _entry(rate: Rate, ends: tuple[float, float], lift: Lift | None) -> dict[str, Any]:
    low, high = ends
    entry: dict[str, Any] = {"value": _known(rate.value), "ci95": [_known(low), _known(high)], "users": rate.users}
    if lift is not None:
        bounds = [_known(lift.low), _known(lift.high)]
        entry |= {"lift": _known(lift.value), "lift_anytime95": bounds, "verdict": str(lift.verdict)}
    return entry


def _known(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 6)


def _lines(found: dict[str, Any]) -> list[str]:
    lines = [f"{'metric':16}{'arm':16}{'users':>8}{'rate':>10}  lift, with bounds that hold at every look"]
    for metric, arms in found.items():
        for arm, entry in arms.items():
            text = f"{metric:16}{arm:16}{entry['users']:8,}{_number(entry['value']):>10}"
            if "verdict" in entry:
                low, high = entry["lift_anytime95"]
                text += f"  {_percent(entry['lift'])} [{_percent(low)}, {_percent(high)}] {entry['verdict']}"
            lines.append(text)
    return lines


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value:+.1%}"


def _start(arguments: argparse.Namespace) -> int:
    _order(arguments, {"id": arguments.id, "arms": arguments.arm, "shadow": arguments.shadow})
    print(f"experiment {arguments.id} is ordered; its arms show in decision records from now on")
    return Exit.DONE


def _stop(arguments: argparse.Namespace) -> int:
    _order(arguments, {"id": arguments.id, "arms": [], "shadow": None})
    print(f"experiment {arguments.id} is ended; everybody but the holdout has the baseline")
    return Exit.DONE


def _order(arguments: argparse.Namespace, argument: dict[str, Any]) -> None:
    send_command(read_target(arguments), "experiment", argument, int(time.time() * 1000))


def _status(arguments: argparse.Namespace) -> int:
    with log_file(arguments.log) as path:
        found = report(arm_rates(path, arguments.id), arguments.against, arguments.guard)
    print(json.dumps(found) if arguments.json else "\n".join(_lines(found)))
    verdicts = {entry["verdict"] for arms in found.values() for entry in arms.values() if "verdict" in entry}
    return Exit.DONE if verdicts - {Verdict.CONTINUE} else Exit.CANNOT_SAY


def _watch(arguments: argparse.Namespace) -> int:
    """End the experiment when an arm's click rate is worse than the baseline's, whenever that is certain."""
    target = read_target(arguments)
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "log.parquet"
        while True:
            export_log.write(target, out)
            if bad := worse(out, arguments):
                print(f"{', '.join(bad)}: worse than {arguments.against}")
                return _stop(arguments)
            time.sleep(arguments.every)


def worse(log: Path, arguments: argparse.Namespace) -> list[str]:
    """Tell how the arms do, and return those that are certainly worse; a young experiment has none yet."""
    try:
        found = report(arm_rates(log, arguments.id), arguments.against, arguments.guard)
    except NothingShown as error:
        print(f"nothing is known yet: {error}", file=sys.stderr, flush=True)
        return []
    print("\n".join(_lines(found)), flush=True)
    return [arm for arm, entry in found["ctr"].items() if entry.get("verdict") in (Verdict.WORSE, Verdict.GUARD)]


def main(argv: Sequence[str]) -> int:
    """Run one command; 1 with the reason if it is refused, 3 where `status` can say of no arm how it does."""
    arguments = parse("experiment", argv)
    try:
        return _RUN[arguments.command](arguments)
    except (ConfigError, InvalidRecord, StackError, Unavailable, OSError) as error:
        return failed("experiment", error)


_RUN = {"start": _start, "status": _status, "watch": _watch, "stop": _stop}
