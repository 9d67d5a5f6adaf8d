"""What could be had of clicks and another objective together, from a log: `tideline pareto --help`."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from tideline.schemas.errors import ConfigError, TooFew
from tideline.scripts.analysis import ope_picture as picture
from tideline.scripts.analysis import read_log
from tideline.scripts.analysis.pareto_front import Judge, Objective, check_file, read_outcomes
from tideline.scripts.analysis.read_target import read_policy
from tideline.scripts.commands.archive_log import log_file
from tideline.scripts.commands.exits import Exit, failed
from tideline.scripts.parsers.verbs import parse
from tideline.udfs.core.ranking.list_rules import read_list_rules

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

    from tideline.scripts.analysis.pareto_front import Front
    from tideline.udfs.core.evaluation.evaluation import Estimate
    from tideline.udfs.core.policies.cold_start import Weights

_NAMES = ("click", "conversion", "revenue", "cost")


def main(argv: Sequence[str]) -> int:
    """Exit status 0 with weights that keep clicks, 3 where none do or the log cannot say, 1 for what is wrong."""
    arguments = parse("pareto", argv)
    try:
        found = run(arguments)
    except (ConfigError, OSError) as error:
        return failed("pareto", error)
    print(json.dumps(found) if arguments.json else "\n".join(lines(found)))
    return Exit.CANNOT_SAY if found["chosen"] is None else Exit.DONE


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the front as a document, and draw it if told to.

    Raises:
        ConfigError: a file or an option cannot be used.
    """
    check_file(arguments.log)
    if arguments.picture is not None:
        picture.check(arguments.picture)
    rules = read_list_rules(arguments.list_rules)
    objective = Objective(arguments.objective)
    with log_file(arguments.log) as path:
        logged = read_log.read_log(path, "click", rules, arguments.placement)
        for reason, count in logged.left_out.items():
            _say(f"{count:,} rows are left out: {reason}")
        if not logged.log.rows:
            raise TooFew("--log", str(arguments.log), "a file with rows")
        policy = read_policy(arguments.policy)
        outcomes, aim = read_outcomes(path, logged, objective, arguments.margin_share)
    judge = Judge(policy, logged.log, outcomes, aim, arguments.exploration, arguments.places)
    front = judge.front(arguments.least, _say)
    found = document(front, objective, arguments.least) | {"left_out": logged.left_out}
    if arguments.picture is not None:
        picture.draw_front(arguments.picture, found)
        _say(f"picture: {arguments.picture}")
    for line in found["warnings"]:
        _say(f"warning: {line}")
    return found


def document(front: Front, objective: Objective, least: float) -> dict[str, Any]:
    """Return a front as JSON has it."""
    return {
        "objective": str(objective),
        "today": dict(zip(("clicks", "gained"), front.today, strict=True)),
        "front": [
            {
                "weights": dict(zip(_NAMES, each.weights, strict=True)),
                "clicks": _estimate(each.clicks),
                "gained": _estimate(each.gained),
                "efficient": front.efficient(at),
            }
            for at, each in enumerate(front.points)
        ],
        "least": least,
        "chosen": front.chosen,
        "order": None if front.chosen is None else _order(front.points[front.chosen].weights),
        "refused": front.refused,
        "warnings": list(front.warnings),
    }


def _estimate(each: Estimate) -> dict[str, Any]:
    return {"value": each.value, "ci95": list(each.ci95)}


def _order(weights: Weights) -> str:
    return "scripts/control weights " + " ".join(
        f"{name}={value:g}" for name, value in zip(_NAMES, weights, strict=True)
    )


def lines(found: Mapping[str, Any]) -> list[str]:
    """Return the document as lines for people."""
    if found["refused"] is not None:
        return [found["refused"]]
    name, today, least = found["objective"], found["today"], found["least"]
    said = [f"of an entry shown, as it was logged: {today['clicks']:.5f} clicks, {today['gained']:.5f} {name}"]
    said.append(f"{'click':>9}{'conversion':>12}{'revenue':>10}{'cost':>9}  {'clicks (95 %)':30}  {name} (95 %)")
    for at, each in enumerate(found["front"]):
        weights = each["weights"]
        told = "".join(f"{weights[key]:>{width}.4g}" for key, width in zip(_NAMES, (9, 12, 10, 9), strict=True))
        mark = (
            " <- the most that keeps clicks"
            if at == found["chosen"]
            else ""
            if each["efficient"]
            else " (less of both)"
        )
        said.append(f"{told}  {_interval(each['clicks']):30}  {_interval(each['gained'])}{mark}")
    if found["chosen"] is None:
        return [*said, f"by this log no weights surely keep {least:.0%} of today's clicks"]
    return [*said, f"{name} with at least {least:.0%} of today's clicks: {found['order']}"]


def _interval(each: Mapping[str, Any]) -> str:
    low, high = each["ci95"]
    return f"{each['value']:.5f} ({low:.5f} to {high:.5f})"


def _say(line: str) -> None:
    print(f"pareto: {line}", file=sys.stderr, flush=True)
