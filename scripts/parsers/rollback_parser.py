"""What `tideline rollback` takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tideline.scripts.parsers.verb_parser import add_json, add_redis, add_replay

if TYPE_CHECKING:
    from tideline.scripts.parsers.verb_parser import VerbParser

_TEXT = """Puts back the lists that `tideline promote NAME` replaced, as long as they are kept; tells first how many.

A list that the live job has written since stays. Only Redis is read and written; a second time it does nothing."""


def fill(parser: VerbParser) -> None:
    """Describe the verb."""
    parser.tells(
        _TEXT,
        ["tideline rollback monday", "tideline rollback monday --yes --stack demo --json"],
        {
            "replay": "first part of the keys of the replay's lists",
            "live": "the same of the live ones",
            "done": "whether it was done; false: only told",
            "taken_back": "users who have their former lists again",
            "moved_on": "users who have other lists by now: these stay",
            "popular": "whether the popular lists are the former ones again; null: they were not replaced",
        },
    )
    add_replay(parser)
    parser.add_argument("--stack", metavar="NAME", help="name of the local stack")
    add_json(parser)
    add_redis(parser)
