"""What `tideline promote` takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tideline.schemas.topics import Topics
from tideline.scripts.parsers.verb_parser import add_json, add_redis, add_replay
from tideline.udfs.settings.options import argument, whole

if TYPE_CHECKING:
    from tideline.scripts.parsers.verb_parser import VerbParser

_DAY_S = 86_400
_TEXT = """Lets the lists of a replay take the place of the live ones, each user's at once; tells first how many.

A list is replaced where it is of the same moment as the replay's and counts no more of its user's updates: whoever came
by after the range ended, changed his profile or was erased keeps what he has. The live job goes on, and whatever it
writes from then on stays. What was there is kept for --keep-s; `tideline rollback NAME` puts it back. Only Redis is
read and written. Exit status 1: users are overtaken, and --overtaken does not say what is to be done, or the replay has
not ended or was ranked by another policy topic, whose versions the live job cannot look up; 3: it has no lists."""

_KEYS = {
    "replay": "first part of the keys of the replay's lists",
    "live": "the same of the live ones",
    "done": "whether it was done; false: only told",
    "users": "of the replay; each is one of those that follow",
    "unreadable": "one of his lists is missing, or is no list: nothing is changed",
    "erased": "was erased since: nothing is changed",
    "later": "live's list is of a later moment, or was written meanwhile: it stays",
    "behind": "live has not come as far as the replay: its list stays",
    "overtaken": "live's list is of the same moment and counts more updates, has a newer encoder or a higher "
    "generation",
    "promoted": "has the replay's list, in all his placements",
    "same": "had it already",
    "popular": "which of these the popular lists are; null: the replay has none",
    "ahead": "of those who are overtaken, users by how many updates; 0: by encoder or generation",
}


def fill(parser: VerbParser) -> None:
    """Describe the verb."""
    parser.tells(
        _TEXT,
        [
            "tideline promote monday",
            "tideline promote monday --yes --republished 1 --stack demo",
            "tideline promote monday --yes --overtaken keep --json --redis-url rediss://cache:6380/0",
        ],
        _KEYS,
    )
    add_replay(parser)
    parser.add_argument(
        "--overtaken",
        choices=("keep", "replace"),
        help="what those who are overtaken get: live's list, or the replay's all the same (nothing is done)",
    )
    parser.add_argument(
        "--republished",
        type=argument(whole(0, 10_000)),
        default=0,
        metavar="N",
        help="live was told so often to republish, a backfill included: so many updates more tell nothing (0)",
    )
    parser.add_argument(
        "--policy-topic",
        default=Topics().policy,
        metavar="NAME",
        help="the live job's: lists ranked by another one are refused (policy)",
    )
    parser.add_argument(
        "--keep-s",
        type=argument(whole(60, 366 * _DAY_S)),
        default=7 * _DAY_S,
        metavar="S",
        help="for a rollback (7 days)",
    )
    parser.add_argument("--stack", metavar="NAME", help="name of the local stack")
    add_json(parser)
    add_redis(parser)
