"""What `tideline activity` takes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tideline.scripts.parsers.verb_parser import add_json, add_target
from tideline.udfs.settings.options import argument, number

if TYPE_CHECKING:
    from tideline.scripts.parsers.verb_parser import VerbParser

_FILE = """FILE is JSON, in the form of the topic (docs/contracts/marketer.md): one activity, an array of them, or one
after the other; - is standard input. """
_WRONG = {
    "file": "that was read",
    "activities": "ids of those that can be used",
    "wrong": "what is refused, each: {line, activity_id, key, value, allowed}; null: there is none",
    "hidden": "why nobody could be shown an activity, by id",
}
_SHOWN = {
    "activity_id": "of the activity",
    "open": "whether it may be shown to somebody now",
    "why": "why it may not, a list of sentences",
    "written_ms": "when its record was written, UTC epoch milliseconds",
    "refused": "why the job refused a later record of it; null where there is none",
    "activity": "the activity, as a file has it, with every field; null where no record of it was taken",
    "ledger": "{spent, pending, price, offset, stopped, as_of_ms, impressions, sold, beyond, "
    "shares: of variants that earn, by id}, to a 32nd; or null",
    "ledger_refused": "why the last record of where it stands cannot be read; null where it can",
}


def fill(parser: VerbParser) -> None:
    """Describe the verb."""
    parser.tells(
        "What marketers write: is it right, into the topic, what is there, and out of sight.",
        [
            "tideline activity check spring.json",
            "tideline activity put spring.json --bootstrap KAFKA:9092",
            "tideline activity show c08-0042",
            "tideline activity stop c08-0042",
        ],
    )
    verbs = parser.verbs(metavar="check|put|show|stop")
    _check(verbs.add_parser("check", help="say what is wrong in a file; write nothing"))
    _put(verbs.add_parser("put", help="write the activities of a file to the topic, or none where one is wrong"))
    _show(verbs.add_parser("show", help="what the topic holds, and whether it is open now"))
    _stop(verbs.add_parser("stop", help="set the status of activities to ended or paused"))


def _check(parser: VerbParser) -> None:
    parser.tells(
        _FILE
        + """Says of everything that is wrong the line, key, value and what is allowed. With --stack or --bootstrap
the topic is looked at too, with --days the clickstream: how many of the users who came in the last day meet each rule,
and whom each clause alone keeps out. What they did before those days is not seen. Exit status 1: something is wrong,
or could be shown to nobody; 3: FILE has no activity.""",
        [
            "tideline activity check spring.json",
            "tideline activity check - --json --bootstrap KAFKA:9092",
            "tideline activity check spring.json --days 7 --stack demo",
        ],
        _WRONG | {"reach": "of rules by id, with --days: {users, reached, clauses: [{clause, meet, alone}]}"},
    )
    _add_file(parser)
    _add_encoder(parser)
    parser.add_argument(
        "--days",
        type=argument(number(1, 90)),
        metavar="N",
        help="how many users of the last day each rule reaches, by their last N days in the clickstream",
    )
    add_json(parser)
    add_target(parser)


def _put(parser: VerbParser) -> None:
    parser.tells(
        _FILE
        + """Writes all of them, or none where one is wrong or could be shown to nobody. What the topic already holds
is not written again.""",
        ["tideline activity put spring.json", "tideline activity put over.json --anyway --bootstrap KAFKA:9092"],
        _WRONG | {"written": "ids of those that were written; the others were there"},
    )
    _add_file(parser)
    _add_encoder(parser)
    parser.add_argument("--anyway", action="store_true", help="write also what could be shown to nobody")
    add_json(parser)
    add_target(parser)


def _show(parser: VerbParser) -> None:
    parser.is_list = True
    parser.tells(
        "Shows each activity of the topic in a line, or those that are named with every field.",
        ["tideline activity show", "tideline activity show c08-0042 --json --bootstrap KAFKA:9092"],
        _SHOWN,
    )
    parser.add_argument("ids", nargs="*", metavar="ID", help="activity_id; none: all")
    _add_encoder(parser)
    add_json(parser)
    add_target(parser)


def _stop(parser: VerbParser) -> None:
    parser.tells(
        """Lists change at each user's next event; tideline control republish id=NAME changes all of them now. An
activity that was stopped is shown again when it is put with status active.""",
        ["tideline activity stop c08-0042", "tideline activity stop c08-0042 c08-0043 --status paused"],
        {"stopped": "ids of those that were written; the others had that status"},
    )
    parser.add_argument("ids", nargs="+", metavar="ID", help="activity_id")
    parser.add_argument("--status", choices=("ended", "paused"), default="ended", help="ended (default) or paused")
    add_json(parser)
    add_target(parser)


def _add_file(parser: VerbParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help="with activities; - is standard input")


def _add_encoder(parser: VerbParser) -> None:
    parser.add_argument(
        "--encoder", type=Path, metavar="DIR", help="the job's encoder: are there events of a rule's categories?"
    )
