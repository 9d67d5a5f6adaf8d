"""What `tideline push` takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tideline.scripts.parsers.verb_parser import add_json, add_redis, add_target
from tideline.udfs.settings.options import argument, number, whole

if TYPE_CHECKING:
    from tideline.scripts.parsers.verb_parser import VerbParser

_STATUS = {
    "sent": "messages that were to be sent and of which nobody says that they were not",
    "withheld": "points that sent none by chance",
    "not_sent": "by reason (expired, stopped, unsubscribed, failed) how many were to be sent and were not",
    "unsubscribed": "users who did in these days",
    "brought": "{points, sent, users, total, low, high}: what users bought more than without messages, with bounds "
    "that hold at every look; null: too little to say. Points of which the horizon is over",
    "campaigns": "each: {activity_id, sent, withheld, must, not_sent, brought}",
    "channels": "the same of each channel that messages go by, {channel, sent, ...}; none: the job has no channels",
    "days": "each: {day, sent, withheld, not_sent}; days of UTC, by when the job told of them",
    "hours": "the same by hour of the day, {hour, sent, withheld, not_sent}",
    "costs": "what rules cost, as the job valued messages, each {points, value}: room (of week and volume, at most), "
    "chance (withheld to learn), must, not_sent by reason",
    "lost": "claimed in the last two days, and nothing else is known: being sent, or lost with their sender",
    "unclear": "of the last two days, those to which whoever carries them gave no answer",
    "stopped": "by activity, all under the empty one: {by, at_ms}",
}
_JUDGE = {
    "points": "decision points of the log of which the horizon is over",
    "least": "what was asked for",
    "changed": "points that it would treat otherwise",
    "pushes": "so many more messages, in expectation",
    "gain": "what it would have gained; null where it is refused",
    "low": "bound that holds at every look",
    "high": "the same above",
    "refused": "why the log cannot say; null: it can",
}
_PLAN = {
    "days": "how many are looked back on",
    "campaigns": "each: {activity_id, sends, value}, of a day; value as the job expects it, costs off",
    "hours": "each: {hour, sends, value}; hours of UTC",
}
_EXPLAIN = {
    "push_id": "the id; beside it what the record of the point says (docs/contracts/push.md), without x",
    "receipt": "{outcome, at_ms, said} of the sender; outcome empty: claimed, and nothing is known; null: no claim",
    "not_sent": "why it was not sent, by the clickstream; null: nobody says so",
    "unsubscribed": "whether its user wants no messages by now, as far as senders have heard",
}
_SWITCH = {
    "activity_id": "what it is about; null: all",
    "stopped": "whether it is stopped now",
    "changed": "whether it was otherwise before",
}


def fill(parser: VerbParser) -> None:
    """Describe the verb."""
    parser.tells(
        "Messages: what they brought, what is to come, why one was sent or not, and the switch that stops them.",
        ["tideline push status", "tideline push stop --activity c08-0042", "tideline push explain 20784-0-9f86d08"],
    )
    verbs = parser.verbs(metavar="status|judge|plan|explain|stop|start")
    _status(verbs.add_parser("status", help="how many were sent, withheld and not sent, and what they brought"))
    _judge(verbs.add_parser("judge", help="what another threshold would have gained, by the log"))
    _plan(verbs.add_parser("plan", help="how many a day will send, by campaign and hour"))
    _explain(verbs.add_parser("explain", help="one decision point in words"))
    _switch(verbs.add_parser("stop", help="send nothing any more, of all or of one activity"), "stop")
    _switch(verbs.add_parser("start", help="end a stop"), "start")


def _status(parser: VerbParser) -> None:
    parser.tells(
        """Reads the topics push and clickstream, and what senders keep in Redis. What messages brought is seen against
the points at which they were withheld; points that must be sent say nothing of it.""",
        ["tideline push status --days 14", "tideline push status --lost", "tideline push status --json --cost 0.02"],
        _STATUS,
    )
    parser.add_argument("--lost", action="store_true", help="list the ids that are claimed without a receipt instead")
    _add_log(parser, 28)
    _add_worth(parser)
    _add_both(parser)


def _judge(parser: VerbParser) -> None:
    parser.tells(
        """What would have been gained if messages were sent where they are worth more than this, by the log. Exit
status 3: it cannot say.""",
        ["tideline push judge --least 0.5", "tideline push judge --least 0.5 --activity c08-0042 --json"],
        _JUDGE,
    )
    parser.add_argument(
        "--least", type=argument(number(-1e9, 1e9)), required=True, metavar="WORTH", help="what a message must be worth"
    )
    parser.add_argument("--activity", metavar="ID", help="points about it alone")
    _add_log(parser, 28)
    _add_worth(parser)
    add_json(parser)
    add_target(parser)


def _plan(parser: VerbParser) -> None:
    parser.tells(
        "What a day like the last ones will send, and what that is worth as the job expects it. Exit status 3: nothing "
        "to plan by.",
        ["tideline push plan", "tideline push plan --days 14 --json"],
        _PLAN,
    )
    _add_log(parser, 7)
    add_json(parser)
    add_target(parser)


def _explain(parser: VerbParser) -> None:
    parser.tells(
        "Says when a user was to be sent what, with which chance and why, and what became of it.",
        ["tideline push explain 20784-0-9f86d081884c7d659a2feaa0c55ad015"],
        _EXPLAIN,
    )
    parser.add_argument("id", metavar="ID", help="push_id")
    _add_log(parser, 28)
    _add_both(parser)


def _switch(parser: VerbParser, what: str) -> None:
    says = {
        "stop": "From now on no sender sends anything, or nothing about one; what is due meanwhile is passed over.",
        "start": "Ends a stop of all, or that of one activity. What was passed over meanwhile is not sent any more.",
    }
    parser.tells(says[what], [f"tideline push {what}", f"tideline push {what} --activity c08-0042"], _SWITCH)
    parser.add_argument("--activity", metavar="ID", help="messages about it alone")
    if what == "stop":
        parser.add_argument("--by", metavar="NAME", help="who says so (user and machine)")
    parser.add_argument("--prefix", default="tideline", help="first part of every key (tideline)")
    parser.add_argument("--stack", metavar="NAME", help="a local stack (default)")
    add_json(parser)
    add_redis(parser)


def _add_log(parser: VerbParser, days: int) -> None:
    parser.add_argument("--days", type=argument(whole(1, 90)), default=days, metavar="N", help=f"how far back ({days})")


def _add_worth(parser: VerbParser) -> None:
    parser.add_argument(
        "--horizon",
        type=argument(number(0.1, 720)),
        default=72.0,
        metavar="H",
        help="hours in which what users buy counts (72)",
    )
    parser.add_argument(
        "--cost", type=argument(number(0, 1e6)), default=0.0, metavar="AMOUNT", help="of one message (0)"
    )


def _add_both(parser: VerbParser) -> None:
    parser.add_argument("--prefix", default="tideline", help="first part of every key (tideline)")
    add_json(parser)
    add_redis(parser)
    add_target(parser)
