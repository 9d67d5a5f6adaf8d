"""What `tideline explain` takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tideline.scripts.parsers.verb_parser import add_json, add_target
from tideline.udfs.settings.options import argument, number

if TYPE_CHECKING:
    from tideline.scripts.parsers.verb_parser import VerbParser

_TEXT = """Why a user was shown what he was: the scores of a list's entries, worked out again from the decision log.

Each entry that was on screen is scored by the code that wrote the log, from what the log holds and the policy as of its
version, and held against the log bit for bit. It reads the topics of decisions, activities and the policy; a policy
older than its topic's retention is no longer known. Exit status 1: the log has other numbers; 3: nothing of the list
can be worked out."""


def fill(parser: VerbParser) -> None:
    """Describe the verb."""
    parser.tells(
        _TEXT,
        [
            "tideline explain u42",
            "tideline explain u42 --decision 1.1795353372396.18 --stack demo --json",
            "tideline explain u42 --policy linucb:alpha=0.3 --weights 1 5 0 0 --bootstrap KAFKA:9092",
        ],
        {
            "decision_id": "of the list",
            "as_of_ms": "the moment that the list was made for",
            "policy": "by which it was ranked",
            "policy_version": "and the version of what had been learned",
            "encoder_version": "that made its context",
            "eligible": "how many activities could have been shown",
            "slate": "the whole list; null: no activity of today",
            "equal": "whether all scores are those of the log, bit for bit; null: none can be worked out",
            "entries": "that were on screen: {position, activity_id, mean, parts: of the mean by what is worth "
            "something, within a millionth, bonus, equal, why_not, explored, propensity, rules, feasible, "
            "ahead: of the entry below}",
        },
    )
    parser.add_argument("user", metavar="USER", help="user id, as it is in the Kafka key")
    parser.add_argument("--decision", metavar="ID", help="a list of his, as the log names it (the newest)")
    parser.add_argument("--policy", metavar="TEXT", help="the job's option (its default)")
    parser.add_argument(
        "--weights",
        type=argument(number(0, 1e6)),
        nargs=4,
        metavar=("CLICK", "CONVERSION", "REVENUE", "COST"),
        help="the job's weights (its defaults)",
    )
    add_json(parser)
    add_target(parser)
