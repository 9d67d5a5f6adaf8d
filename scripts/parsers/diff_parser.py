"""What `tideline diff` takes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tideline.scripts.parsers.verb_parser import add_json, add_redis

if TYPE_CHECKING:
    from tideline.scripts.parsers.verb_parser import VerbParser

_TEXT = """Compares the lists of a replay with those of the live job, or of another replay, user by user.

`then` are the lists of REPLAY, `now` those that they would replace. Lists are of the moment of their user's last event:
whoever came by after the replay's range ended has a newer one live, which `moved_on` counts. What the log of `--log`
says of those whom live has shown its list of that moment, the lists of REPLAY would have earned in its place: `value`.
The secrets of the log's users come from the stack, or from TIDELINE_TOKEN_KEYS or TIDELINE_TOKEN_KEYS_FILE.
Exit status 3: no user has both lists."""


_KEYS = {
    "now": "first part of the keys of the lists that would be replaced",
    "then": "the same of the replay",
    "now_made": "what of how they were made is not as in the live job: some users alone, rules that did not hold",
    "then_made": "the same of the replay",
    "only_then": "users without a list that could be replaced",
    "only_now": "users without one of the replay",
    "unreadable": "users of whom one of the two is no list",
    "users": "who have both; all that follows is of them",
    "changed": "users whose list has other entries or another order",
    "moved_on": "users whose two lists are of different moments",
    "overlap": "rank-biased overlap, 1 for the same list: {mean, quantiles: by share, histogram: by tenth}",
    "kendall": "Kendall distance of top lists, 0 for the same: {mean, quantiles, histogram}",
    "activities": "that gain or lose most first: {activity_id, now, then: lists it is in, now_weight, "
    "then_weight: 1 / log2(1 + place) summed}",
    "most_changed": "users whose lists are least alike: {user, overlap, now, then: activities, best first, "
    "reasons: what differs in what they were made of}",
    "value": "what an entry earns, by the log: {reward: column, now, then, difference: {value, ci95} by dr, "
    "null where it is not known; ess: effective sample size, rows, users, left_out: by reason, "
    "warnings, refused: why it cannot be told, null where it can}",
}


def fill(parser: VerbParser) -> None:
    """Describe the verb."""
    parser.tells(
        _TEXT,
        [
            "tideline diff monday",
            "tideline diff monday --html monday.html",
            "tideline diff monday tuesday --stack demo",
            "tideline diff monday --stack demo --log decisions.parquet",
            "tideline diff monday --json --redis-url rediss://cache:6380/0",
        ],
        _KEYS,
    )
    parser.add_argument("replay", metavar="REPLAY", help="name of a replay, or live")
    parser.add_argument("other", nargs="?", default="live", metavar="OTHER", help="what it is compared with (live)")
    parser.add_argument("--prefix", default="tideline", help="first part of every key (tideline)")
    parser.add_argument("--stack", metavar="NAME", help="name of the local stack")
    parser.add_argument("--html", type=Path, metavar="FILE.html", help="write the comparison as a page with pictures")
    parser.add_argument(
        "--log", type=Path, metavar="FILE", help="judge the lists by a file of `tideline export`, or by an archive"
    )
    parser.add_argument("--reward", default="reward", metavar="COLUMN", help="of the log, what to judge by (reward)")
    add_json(parser)
    add_redis(parser)
