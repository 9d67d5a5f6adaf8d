"""What `tideline report` takes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tideline.scripts.parsers.verb_parser import add_json
from tideline.udfs.settings.options import argument, number

if TYPE_CHECKING:
    from tideline.scripts.parsers.verb_parser import VerbParser

_TEXT = """What was shown and what came of it, from the log that `tideline export` writes.

Click, conversion and revenue figures with intervals by policy, encoder, experiment arm, placement and activity;
precision, recall, hit rate and NDCG of the lists against later clicks; calibration; exploration; how often each place
is looked at, by placement; drift; what each rule costs, and what one more unit of money would earn.

Users are put in parts on disk, in a folder of the one that TMPDIR names, or of /tmp; it is gone with the command, and
takes about as much room as the log unpacked.
"""


def fill(parser: VerbParser) -> None:
    """Describe the verb."""
    parser.tells(
        _TEXT,
        [
            "tideline report --log decisions.parquet",
            "tideline report --log decisions.parquet --html report.html --days 14",
        ],
        {
            "range": "how many entries were shown from when to when",
            "by": "by policy, encoder, arm, placement where there are any, and activity: {impressions, immature, ctr, "
            "ctr_ci95, cvr, ...}",
            "calibration": "predicted beside earned, by tenth of the prediction; error: mean distance",
            "exploration": "how much of what was shown, and what it earned",
            "examination": "how often each place is looked at, as from swaps; the command that would say so to the job",
            "placements": "by name of the placement, the same as examination",
            "drift": "whether what is shown or earned has changed",
            "rules": "what rules cost: {from, to, lists, sampled, expected, cost, share, rows}; a row: {constraint, "
            "price, cost, cost_se, share, share_of_clicks, alone, used, planned, lists_changed, bound}; null: the log "
            "knows of none",
        },
    )
    parser.add_argument(
        "--log", type=Path, required=True, metavar="FILE", help="what tideline export wrote, or an archive"
    )
    parser.add_argument("--html", type=Path, metavar="FILE.html", help="write the report as a page")
    parser.add_argument(
        "--days",
        type=argument(number(0, 36_500)),
        default=7.0,
        help="lists are judged by the clicks of so many days (7)",
    )
    parser.add_argument(
        "--weights",
        type=argument(number(0, 1e6)),
        nargs=3,
        default=(1.0, 5.0, 0.0),
        metavar=("CLICK", "CONVERSION", "REVENUE"),
        help="the job's weights, which its predictions are in (1 5 0)",
    )
    add_json(parser)
