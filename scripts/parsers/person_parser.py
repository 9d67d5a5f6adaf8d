"""What `tideline person` takes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tideline.scripts.parsers.verb_parser import add_json, add_redis, add_target

if TYPE_CHECKING:
    from tideline.scripts.parsers.verb_parser import VerbParser

_TEXT = """Writes what Kafka and Redis hold of a user into a folder: files of JSON and a text that says what they are.

For who asks what is known of him, and to take it elsewhere. Every record of the topics is looked at. The folder is
readable by its owner alone."""


def fill(parser: VerbParser) -> None:
    """Describe the verb."""
    parser.tells(
        _TEXT,
        [
            "tideline person u42 --export u42-data",
            "tideline person u42 --export u42-data --bootstrap KAFKA:9092 --redis-url-file redis.url --json",
        ],
        {"folder": "where the files are", "lines": "how many lines are in each"},
    )
    parser.add_argument("user", metavar="USER", help="user id, as it is in the Kafka key")
    parser.add_argument("--export", type=Path, required=True, metavar="DIR", help="a new or an empty folder")
    parser.add_argument("--prefix", default="tideline", help="first part of every key (tideline)")
    add_json(parser)
    add_redis(parser)
    add_target(parser)
