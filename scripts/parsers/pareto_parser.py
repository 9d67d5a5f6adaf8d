"""What `tideline pareto` takes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tideline.scripts.parsers.ope_parser import ROOM, add_judged
from tideline.scripts.parsers.verb_parser import add_json
from tideline.udfs.settings.options import argument, number

if TYPE_CHECKING:
    from tideline.scripts.parsers.verb_parser import VerbParser

OBJECTIVES = ("conversion", "revenue", "margin")
_TEXT = f"""What clicks and conversions, revenue or margin could be had together, from a log of decisions, by the
weights of the job's command `weights`; and which weights get the most while clicks stay, by the lower end of their
interval.

Columns are those of `tideline ope`, with click, conversion, revenue and, for margin, cost (what a conversion costs).
Exit status 3: the log cannot say, or no weights keep so many clicks.

{ROOM}"""


def fill(parser: VerbParser) -> None:
    """Describe the verb."""
    parser.tells(
        _TEXT,
        [
            "tideline pareto --log decisions.parquet --policy linucb --objective revenue",
            "tideline pareto --log decisions.parquet --policy linucb --objective margin --margin-share 0.3",
        ],
        {
            "objective": "what is wanted beside clicks",
            "today": "of an entry shown, as it was logged: {clicks, gained}",
            "front": "from the objective alone to clicks alone: {weights, clicks: {value, ci95}, gained: the same, "
            "efficient: no other has as much of both}",
            "least": "share of today's clicks to be kept",
            "chosen": "place in `front` of what gets the most while the lower end of its clicks keeps them; null: none",
            "order": "command that ranks so; null: none is chosen",
            "refused": "why the log cannot say; null where it can",
            "warnings": "what to know before deciding",
            "left_out": "rows by reason",
        },
    )
    parser.add_argument("--log", type=Path, required=True, metavar="FILE", help="CSV or Parquet, or an archive")
    parser.add_argument("--policy", required=True, help="one of the job's policies, learned from the log")
    parser.add_argument("--objective", required=True, choices=OBJECTIVES, help="what is wanted beside clicks")
    parser.add_argument(
        "--margin-share", type=argument(number(0, 1)), default=1.0, help="of revenue that is margin before costs (1)"
    )
    parser.add_argument(
        "--least", type=argument(number(0, 1)), default=0.98, help="share of today's clicks to be kept (0.98)"
    )
    add_judged(parser)
    parser.add_argument("--picture", type=Path, metavar="FILE.png", help="draw the front with its intervals")
    add_json(parser)
