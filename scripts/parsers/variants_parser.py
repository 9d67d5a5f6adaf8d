"""What `tideline variants` takes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tideline.scripts.parsers.verb_parser import add_json, add_target
from tideline.udfs.settings.options import argument, number, whole

if TYPE_CHECKING:
    from tideline.scripts.parsers.verb_parser import VerbParser

_PLAN = {
    "users": "who must see the activity until a variant better by `least` is found, in the middle",
    "each": "of them with each variant, where shares are even",
    "least": "the difference that was asked for, as a part of the rate",
    "given": "users that there will be; null: not told",
    "missed": "whether these are too few; null: not told",
    "found": "the smallest difference that those users are enough for; null: none, or not told",
}
_STATUS = {
    "activity_id": "of the activity",
    "objective": "what its variants compete by",
    "split": "how users are split between them",
    "variants": "each: {id, users, clicks, share, rate, likely_best, difference, low, high}; rate is what a user "
    "brings, the difference is to the first one, with bounds that hold at every look",
    "verdict": "winner, alike (no difference that matters) or undecided",
    "winner": "id of the winner; null without one",
    "users": "who saw the activity",
    "users_needed": "further ones until a difference of --least is found; null: more than there are",
    "left_out": "entries without a variant that is known today, or from which something may still come",
}


def fill(parser: VerbParser) -> None:
    """Describe the verb."""
    parser.tells(
        "Forms of one activity that compete: how many users it takes, how they do, and the winner alone.",
        [
            "tideline variants plan --variants 3 --rate 0.06 --least 0.2 --users 60000",
            "tideline variants status c08-0042 --log decisions.parquet",
            "tideline variants stop c08-0042 --keep red",
        ],
    )
    verbs = parser.verbs(metavar="plan|status|stop")
    _plan(verbs.add_parser("plan", help="how many users it takes to find a difference, and which would be missed"))
    _status(verbs.add_parser("status", help="users, rates and differences of an activity's variants, and the verdict"))
    _stop(verbs.add_parser("stop", help="write the activity with the winner, or the variant that is named, alone"))


def _plan(parser: VerbParser) -> None:
    parser.tells(
        "Says beforehand whether there will be users enough. Exit status 3: there will not.",
        ["tideline variants plan --variants 2 --rate 0.06 --least 0.1 --users 60000"],
        _PLAN,
    )
    parser.add_argument("--variants", type=argument(whole(2, 8)), default=2, metavar="N", help="2 to 8 (2)")
    parser.add_argument(
        "--rate", type=argument(number(1e-6, 100)), required=True, help="clicks of one user, all his visits together"
    )
    _add_least(parser)
    parser.add_argument(
        "--users", type=argument(whole(1, 10**9)), metavar="N", help="who will see the activity as long as it runs"
    )
    parser.add_argument("--split", choices=("even", "earn"), default="even", help="even (default) or earn")
    add_json(parser)


def _status(parser: VerbParser) -> None:
    parser.tells(
        """Reads what tideline export wrote, or makes such a log of the topics. Clicks count at once; what competes by
conversions, revenue or margin counts entries from which nothing more can come. Nothing is decided before each variant
has 50 clicks. Exit status 3: undecided.""",
        [
            "tideline variants status c08-0042 --log decisions.parquet",
            "tideline variants status c08-0042 --json --bootstrap KAFKA:9092",
        ],
        _STATUS,
    )
    _add_id(parser)
    _add_log(parser)
    _add_least(parser)
    add_json(parser)
    add_target(parser)


def _stop(parser: VerbParser) -> None:
    parser.tells(
        """Writes the activity without variants: parameters and labels of the one that stays become its own, with its
id as the label "variant". Without --keep that is the winner of `status`. Exit status 3: there is none.""",
        ["tideline variants stop c08-0042 --keep red", "tideline variants stop c08-0042 --log decisions.parquet"],
        {"activity_id": "of the activity", "kept": "id of the variant that stays"},
    )
    _add_id(parser)
    parser.add_argument("--keep", metavar="VARIANT", help="id of the variant that stays")
    _add_log(parser)
    _add_least(parser)
    add_json(parser)
    add_target(parser)


def _add_id(parser: VerbParser) -> None:
    parser.add_argument("id", metavar="ID", help="activity_id")


def _add_log(parser: VerbParser) -> None:
    parser.add_argument(
        "--log", type=Path, metavar="FILE", help="what tideline export wrote, or an archive; none: from the topics"
    )


def _add_least(parser: VerbParser) -> None:
    parser.add_argument(
        "--least",
        type=argument(number(0.001, 10)),
        default=0.2,
        help="the difference that matters, as a part of the rate (0.2)",
    )
