"""What `tideline ope` takes."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from tideline.scripts.parsers.verb_parser import add_json, docstring_of
from tideline.udfs.core.limits import LEAST_EXAMINED, MAX_POSITIONS
from tideline.udfs.settings.options import argument, number

if TYPE_CHECKING:
    from tideline.scripts.parsers.verb_parser import VerbParser

_KEYS = {
    "estimates": "by estimator: {value, ci95, own95, ...}",
    "lists": "by estimator of whole lists: {value, ci95, ess, refused}",
    "diagnostics": "effective sample size, weights, support, rows, decisions",
    "refused": "why the log cannot say; null where it can",
    "decide_by": "the estimator to decide by",
    "warnings": "what to know before deciding",
    "policy": "the one that was judged",
    "logged": "value earned on the log, and rows left out by reason",
}

ROOM = """The log's rows are sorted in parts on disk, in a folder of the one that TMPDIR names, or of /tmp; it is gone
with the command. They take some 330 bytes a row with 16 contexts, at their most; in pareto more."""
_TEXT = f"""What another policy would have earned, from a log of decisions. Exit status 3: the log cannot say.

{ROOM}"""


def fill(parser: VerbParser) -> None:
    """Describe the verb."""
    parser.tells(
        _TEXT,
        [
            "tideline ope --log decisions.parquet --policy uniform",
            "tideline ope --log decisions.parquet --policy linucb:alpha=0.3 --places 1,0.8,0.6",
            "tideline ope --log foreign.csv --policy target.csv --json --picture ope.png",
        ],
        _KEYS,
        "The log's columns:\n" + docstring_of("tideline.scripts.analysis.read_log"),
    )
    parser.add_argument(
        "--log",
        type=Path,
        required=True,
        metavar="FILE",
        help="CSV or Parquet, see below, or an archive; - is standard input",
    )
    parser.add_argument(
        "--policy",
        required=True,
        help="one of the job's policies (learned from the log, cross-fitted), uniform, constant:<action>, or a CSV or "
        "Parquet file with a column p_<action> for each action and, where needed, decision_id and position",
    )
    parser.add_argument("--reward", default="reward", metavar="COLUMN", help="what to judge by (reward)")
    add_judged(parser)
    parser.add_argument("--picture", type=Path, metavar="FILE.png", help="draw the estimates with their intervals")
    add_json(parser)


def add_judged(parser: VerbParser) -> None:
    """Add what the job knows that a log does not say."""
    parser.add_argument(
        "--exploration", type=argument(number(0, 1)), default=0.02, help="as in the job's options (0.02)"
    )
    parser.add_argument(
        "--places",
        type=_places,
        default=[],
        metavar="1,0.8,...",
        help="how much of an impression a policy of the job learns in each place, as in its command `examination` (1)",
    )
    parser.add_argument(
        "--list-rules",
        default="[]",
        metavar="JSON",
        help="the job's option list_rules when the log was made: needed where one of them had a say in a list (none)",
    )
    parser.add_argument(
        "--placement", metavar="NAME", help="judge the lists of a placement, with its own list rules (the default list)"
    )


def _places(text: str) -> list[float]:
    try:
        values = [float(each) for each in text.split(",")]
    except ValueError:
        values = []
    if not 1 <= len(values) <= MAX_POSITIONS or not all(LEAST_EXAMINED <= value <= 1.0 for value in values):
        raise argparse.ArgumentTypeError(f"{text!r}; allowed: 1 to {MAX_POSITIONS} numbers from {LEAST_EXAMINED} to 1")
    return values
