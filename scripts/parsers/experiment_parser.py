"""What `tideline experiment` takes."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tideline.scripts.parsers.verb_parser import add_json, add_target
from tideline.udfs.settings.options import argument, number

if TYPE_CHECKING:
    from tideline.scripts.parsers.verb_parser import VerbParser

_KEYS = {
    "ctr": "clicks by arm: {value, ci95, users}, and of all but the arm compared with {lift, lift_anytime95, verdict}",
    "cvr": "the same of conversions",
    "revenue": "the same of revenue",
    "ctr_mature": "clicks by arm over the rows from which nothing more can come",
    "cvr_mature": "the same of conversions",
    "revenue_mature": "the same of revenue",
}


def fill(parser: VerbParser) -> None:
    """Describe the verb."""
    parser.tells(
        "Policies side by side on the running job.",
        [
            "tideline experiment start --id spring --arm wild=linucb:alpha=0.3:0.1",
            "tideline experiment status --id spring --log decisions.parquet",
        ],
    )
    verbs = parser.verbs(metavar="start|status|watch|stop")
    start = verbs.add_parser("start", help="rank a share of the users by each of these policies from now on")
    start.tells(
        "Ranks SHARE (such as 0.1) of the users by POLICY (such as thompson or linucb:alpha=0.3) from now on.",
        ["tideline experiment start --id spring --arm wild=linucb:alpha=0.3:0.1 --arm ts=thompson:0.1"],
    )
    status = verbs.add_parser("status", help="rates and lift of each arm, from an export of the decision log")
    status.tells(
        "Rates and lift of each arm, from what tideline export wrote. Exit status 3: of no arm the data can say.",
        ["tideline experiment status --id spring --log decisions.parquet --against holdout"],
        _KEYS,
    )
    watch = verbs.add_parser("watch", help="look again and again; end the experiment when an arm is worse")
    watch.tells(
        "Looks again and again; ends the experiment, so that everybody has the baseline, when an arm is worse.",
        ["tideline experiment watch --id spring --every 60 --guard -0.05"],
    )
    stop = verbs.add_parser("stop", help="end it: everybody but the holdout has the baseline")
    stop.tells(None, ["tideline experiment stop --id spring --bootstrap KAFKA:9092"])
    _add_options(start, status, watch, stop)


def _add_options(start: VerbParser, status: VerbParser, watch: VerbParser, stop: VerbParser) -> None:
    for each in (start, status, watch, stop):
        each.add_argument("--id", required=True, help="of the experiment")
    for each in (start, watch, stop):
        add_target(each)
    for each in (status, watch):
        each.add_argument("--against", default="baseline", metavar="ARM", help="baseline, holdout or a name")
        each.add_argument(
            "--guard", type=argument(number(-1, 0)), default=-0.1, help="relative loss that is too much (-0.1)"
        )
    start.add_argument(
        "--arm", type=_arm, action="append", default=[], metavar="NAME=POLICY:SHARE", help="may be repeated"
    )
    start.add_argument("--shadow", metavar="POLICY", help="scores what is shown, is never shown itself")
    status.add_argument(
        "--log", type=Path, required=True, metavar="FILE", help="what tideline export wrote, or an archive"
    )
    add_json(status)
    watch.add_argument(
        "--every", type=argument(number(1, 86_400)), default=60.0, metavar="SECONDS", help="between two looks (60)"
    )


def _arm(text: str) -> dict[str, Any]:
    name, equals, rest = text.partition("=")
    policy, colon, share = rest.rpartition(":")
    try:
        permille = round(float(share) * 1000)
    except ValueError:
        permille = 0
    if not (equals and colon and policy and permille > 0):
        raise argparse.ArgumentTypeError(f"{text!r}; allowed: NAME=POLICY:SHARE, such as trial=thompson:0.1")
    return {"name": name, "policy": policy, "permille": permille}
