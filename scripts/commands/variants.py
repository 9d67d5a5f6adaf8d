"""Variants of an activity: users they need, how they do, and the winner alone: `tideline variants`."""

from __future__ import annotations

import json
import math
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tideline.schemas.errors import ConfigError, InvalidRecord, TidelineError
from tideline.scripts.analysis.variant_log import read_variant_log
from tideline.scripts.commands import export_log
from tideline.scripts.commands.activity_topic import read_activity_topic, write_activities
from tideline.scripts.commands.archive_log import log_file
from tideline.scripts.commands.exits import Exit, failed
from tideline.scripts.commands.printable import printable
from tideline.scripts.commands.target import read_target
from tideline.scripts.localstack import StackError
from tideline.scripts.parsers.verbs import parse
from tideline.udfs.core.catalogue.activity import decode_activity, encode_activity
from tideline.udfs.core.catalogue.competing import Competing
from tideline.udfs.core.variants.variant_report import (
    MOST_USERS,
    VariantVerdict,
    least_found,
    report_variants,
    users_to_plan,
)

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

    from tideline.scripts.analysis.variant_log import VariantLog
    from tideline.udfs.core.catalogue.activity import Activity
    from tideline.udfs.core.variants.variant_report import VariantReport

_DIGITS = 6
_LABEL = "variant"
"""Says which variant an activity has become."""


def main(argv: Sequence[str]) -> int:
    """Run one command; 1 with the reason if it is refused, 3 where there are too few users to say."""
    arguments = parse("variants", argv)
    try:
        return _RUN[arguments.command](arguments)
    except (StackError, TidelineError, OSError) as error:
        return failed("variants", error)


def _plan(arguments: argparse.Namespace) -> int:
    earning = arguments.split == "earn"
    users = users_to_plan(arguments.rate, arguments.variants, arguments.least, earning=earning)
    given, missed, found = arguments.users, None, None
    if given is not None:
        missed = users > given
        smallest = least_found(arguments.rate, arguments.variants, given, earning=earning)
        found = smallest if math.isfinite(smallest) else None
    told = {
        "users": users,
        "each": -(-users // arguments.variants),
        "least": arguments.least,
        "given": given,
        "missed": missed,
        "found": found,
    }
    print(json.dumps(told) if arguments.json else "\n".join(_planned(told)))
    return Exit.CANNOT_SAY if missed else Exit.DONE


def _planned(told: Mapping[str, Any]) -> list[str]:
    lines = [
        f"a variant that is {told['least']:.0%} better is found after about {told['users']:,} users, "
        f"{told['each']:,} with each variant where shares are even"
    ]
    if told["missed"] is not None:
        found = "no difference at all" if told["found"] is None else f"one of {told['found']:.0%} or more"
        will = "would be missed" if told["missed"] else "will be found"
        lines.append(f"by {told['given']:,} users it {will} in most cases: they are enough for {found}")
    return lines


def _status(arguments: argparse.Namespace) -> int:
    log, report = _read(arguments)
    told = document(arguments.id, log, report)
    print(json.dumps(told) if arguments.json else "\n".join(_lines(told, log, arguments.least)))
    return Exit.CANNOT_SAY if report.verdict is VariantVerdict.UNDECIDED else Exit.DONE


def _read(arguments: argparse.Namespace) -> tuple[VariantLog, VariantReport]:
    """Return the log of the activity's variants, a file's or one made of the topics, and what it says."""
    if arguments.log is not None:
        with log_file(arguments.log) as path:
            log = read_variant_log(path, arguments.id)
    else:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "log.parquet"
            export_log.write(read_target(arguments), path)
            log = read_variant_log(path, arguments.id)
    return log, report_variants(log.shown, len(log.variants), binary=log.is_binary, least=arguments.least)


def document(activity_id: str, log: VariantLog, report: VariantReport) -> dict[str, Any]:
    """Return what is known of an activity's variants as JSON has it."""
    needed = report.users_needed
    return {
        "activity_id": activity_id,
        "objective": log.objective,
        "split": log.split,
        "variants": [
            {"id": name, **{key: _rounded(value) for key, value in each._asdict().items()}}
            for name, each in zip(log.variants, report.figures, strict=True)
        ],
        "verdict": str(report.verdict),
        "winner": None if report.best is None else log.variants[report.best],
        "users": report.users,
        "users_needed": None if needed >= MOST_USERS else max(needed - report.users, 0),
        "left_out": log.left_out,
    }


def _rounded(value: float) -> float | None:
    return round(value, _DIGITS) if math.isfinite(value) else None


def _lines(told: Mapping[str, Any], log: VariantLog, least: float) -> list[str]:
    lines = [
        f"{told['activity_id']}: {told['objective']} of {told['users']:,} users, {told['split']} split",
        f"{'variant':16}{'users':>9}{'clicks':>8}{'share':>7}{'a user':>10}{'best':>7}  more than {log.variants[0]}, "
        "with bounds that hold at every look",
    ]
    for number, each in enumerate(told["variants"]):
        line = f"{each['id']:16}{each['users']:9,}{each['clicks']:8,}{each['share']:7.1%}{each['rate']:10.5f}"
        line += f"{each['likely_best']:7.1%}"
        if number:
            line += f"  {each['difference']:+.5f} [{_bound(each['low'])}, {_bound(each['high'])}]"
        lines.append(line)
    needed = told["users_needed"]
    more = "more users than there are" if needed is None else f"{needed:,} more users"
    cheapest = log.variants[min(range(len(log.variants)), key=lambda at: log.costs[at])]
    lines.append(
        {
            VariantVerdict.WINNER: f"{told['winner']} is the winner",
            VariantVerdict.ALIKE: f"alike: no difference of {least:.0%} is left; keep the cheaper, {cheapest}",
            VariantVerdict.UNDECIDED: f"undecided; a difference of {least:.0%} would need {more}",
        }[VariantVerdict(told["verdict"])]
    )
    return [printable(line) for line in lines]


def _bound(value: float | None) -> str:
    return "-" if value is None else f"{value:+.5f}"


def _stop(arguments: argparse.Namespace) -> int:
    target = read_target(arguments)
    topic = read_activity_topic(target.cluster, target.topics.activities)
    known = topic.known.get(arguments.id)
    if known is None or not known.activity.variants:
        names = sorted(name for name, each in topic.known.items() if each.activity.variants)
        raise ConfigError("ID", arguments.id, f"an activity with variants: {', '.join(names) or 'there is none'}")
    keep = arguments.keep
    if keep is None:
        log, report = _read(arguments)
        if report.best is None:
            print(f"variants: no winner among {', '.join(log.variants)}; name the one that stays with --keep")
            return Exit.CANNOT_SAY
        keep = log.variants[report.best]
    write_activities(target, [alone(known.activity, keep)])
    told = {"activity_id": arguments.id, "kept": keep}
    print(json.dumps(told) if arguments.json else f"{arguments.id}: {keep} alone")
    return Exit.DONE


def alone(activity: Activity, keep: str) -> Activity:
    """Return an activity with one of its variants alone: what that states becomes its own.

    Raises:
        ConfigError: it has no such variant, or both together state more than an activity may.
    """
    kept = next((each for each in activity.variants if each.id == keep), None)
    if kept is None:
        raise ConfigError("--keep", keep, ", ".join(each.id for each in activity.variants))
    found = replace(
        activity,
        **Competing()._asdict(),
        parameters={**activity.parameters, **kept.parameters},
        labels={**activity.labels, **kept.labels, _LABEL: keep},
    )
    try:
        decode_activity(found.activity_id.encode(), encode_activity(found))
    except InvalidRecord as error:
        raise ConfigError(activity.activity_id, error.detail, "what an activity may state") from error
    return found


_RUN = {"plan": _plan, "status": _status, "stop": _stop}
