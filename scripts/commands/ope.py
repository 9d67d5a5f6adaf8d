"""What another policy would have earned, from a log of decisions: `tideline ope --help`."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from tideline.schemas.errors import ConfigError, TooFew
from tideline.scripts.analysis import ope_picture as picture
from tideline.scripts.analysis import read_log, read_target
from tideline.scripts.commands.archive_log import log_file
from tideline.scripts.commands.exits import Exit, failed
from tideline.scripts.parsers.verbs import parse
from tideline.udfs.core.evaluation.columns.row_parts import summed
from tideline.udfs.core.evaluation.evaluation import evaluate
from tideline.udfs.core.ranking.list_rules import read_list_rules

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from tideline.udfs.core.evaluation.evaluation import Answer, Estimate
    from tideline.udfs.core.evaluation.list_estimators import ListEstimate
    from tideline.udfs.core.ranking.list_rules import ListRules

DECIDE_BY = "dr"
"""The estimate to decide by: right where either the propensities or the reward model are."""
_NAMED = 20
_DIAGNOSTICS = ("ess", "mean_weight", "max_weight", "support", "clipped", "rows", "decisions")


def main(argv: Sequence[str]) -> int:
    """Exit status 0 with an answer, 3 where the log cannot say, 1 for a file or an option that cannot be used."""
    arguments = parse("ope", argv)
    try:
        found = run(arguments)
    except (ConfigError, OSError) as error:
        return failed("ope", error)
    print(json.dumps(found) if arguments.json else "\n".join(summary(found)))
    return Exit.DONE if found["refused"] is None else Exit.CANNOT_SAY


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the answer as a document, and draw it if told to.

    Raises:
        ConfigError: a file or an option cannot be used.
    """
    if arguments.picture is not None:
        picture.check(arguments.picture)
    rules = read_list_rules(arguments.list_rules)
    with log_file(arguments.log) as path:
        logged = read_log.read_log(path, arguments.reward, rules, arguments.placement)
    for reason, count in logged.left_out.items():
        _say(f"{count:,} rows are left out: {reason}")
    log = logged.log
    if log.rows:
        judging = read_target.read_target(arguments.policy, logged, arguments.exploration, arguments.places)
        answer = evaluate(log, judging.make, judging.matched, _say)
    else:
        raise TooFew("--log", str(arguments.log), "a file with rows")
    earned = float(summed(log.rows, log.memory, lambda rows: [log.reward[rows]])[0]) / log.rows
    if arguments.picture is not None:
        picture.draw(arguments.picture, answer, earned, f"{arguments.policy}, judged from the log")
        _say(f"picture: {arguments.picture}")
    warnings = [*_unread(logged.unread), *_unpriced(rules), *judging.warnings, *answer.warnings]
    for line in warnings:
        _say(f"warning: {line}")
    return document(answer) | {
        "decide_by": DECIDE_BY if answer.refused is None else None,
        "warnings": warnings,
        "policy": arguments.policy,
        "logged": {"value": earned, "left_out": logged.left_out},
    }


def _unread(names: Sequence[str]) -> list[str]:
    if not names:
        return []
    return [f"columns that are not read: {', '.join(names[:_NAMED])}; contexts are those whose names begin with x_"]


def _unpriced(rules: ListRules) -> list[str]:
    if not any(any(rule.numbers) for rule in rules):
        return []
    return ["a policy is judged under the bans of the list rules, as if their other penalties were 0"]


def document(answer: Answer) -> dict[str, Any]:
    """Return an answer as JSON has it."""
    found = answer.diagnostics
    return {
        "estimates": {name: _estimate(each) for name, each in answer.estimates.items()},
        "lists": {name: _list_estimate(each) for name, each in answer.lists.items()},
        "diagnostics": {name: None if found is None else getattr(found, name) for name in _DIAGNOSTICS},
        "refused": answer.refused,
    }


def _estimate(each: Estimate) -> dict[str, Any]:
    found: dict[str, Any] = {"value": each.value, "ci95": list(each.ci95), "own95": list(each.own)}
    if each.empirical_bernstein is not None:
        found["empirical_bernstein95"] = list(each.empirical_bernstein)
    if each.anytime is not None:
        found["anytime95"] = list(each.anytime)
    return found


def _list_estimate(each: ListEstimate) -> dict[str, Any]:
    ci95 = None if each.ci95 is None else list(each.ci95)
    return {"value": each.value, "ci95": ci95, "ess": each.ess, "refused": each.refused}


def summary(found: dict[str, Any]) -> list[str]:
    """Return the answer as lines for people."""
    if found["refused"] is not None:
        return [found["refused"]]
    size = found["diagnostics"]
    lines = [f"earned on the log: {found['logged']['value']:.5f} per entry shown; {found['policy']} would have earned"]
    if found["decide_by"] is not None:
        lines[0] += f" (decide by {found['decide_by']}; the others show what it rests on)"
    for name, each in found["estimates"].items():
        lines.append(f"  {name:<10} {each['value']:.5f}   95 % {each['ci95'][0]:.5f} to {each['ci95'][1]:.5f}")
    for name, each in found["lists"].items():
        if each["refused"] is None:
            low, high = each["ci95"]
            lines.append(f"  {name:<15} {each['value']:.4f} per list   95 % {low:.4f} to {high:.4f}")
        else:
            lines.append(f"  {name:<15} {each['refused']}")
    lines.append(
        f"{size['rows']:,} rows, effective sample size {size['ess']:,.0f}, weights: mean {size['mean_weight']:.4f}, "
        f"largest {size['max_weight']:.1f}, cut off by Switch-DR {size['clipped']:.2%}; support {size['support']:.2%}"
    )
    return lines


def _say(line: str) -> None:
    print(f"ope: {line}", file=sys.stderr, flush=True)
