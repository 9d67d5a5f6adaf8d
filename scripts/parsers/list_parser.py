"""What `tideline list` takes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tideline.scripts.parsers.verb_parser import VerbParser


def fill(parser: VerbParser) -> None:
    """Describe the verb."""
    parser.tells(
        "Shows one list as it is in Redis, and which entries a frontend would still show.",
        [
            "tideline list u42",
            "tideline list --popular --stack demo --prefix demo",
            "tideline list u42 --redis-url-file redis.url   # any Redis: redis://, rediss:// or unix://",
        ],
    )
    parser.add_argument("user", nargs="?", metavar="USER", help="user id, as it is in the Kafka key")
    parser.add_argument("--popular", action="store_true", help="the list for users without one")
    parser.add_argument("--stack", default="default", metavar="NAME", help="the local stack whose Redis to read")
    parser.add_argument("--redis-url-file", type=Path, metavar="FILE", help="file with the URL of another Redis")
    parser.add_argument("--prefix", default="tideline", help="first part of every key (tideline)")
