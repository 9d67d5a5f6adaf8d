"""What `tideline erase` takes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tideline.scripts.parsers.verb_parser import add_json, add_redis, add_target

if TYPE_CHECKING:
    from tideline.scripts.parsers.verb_parser import VerbParser

_TEXT = """Erases a user: his profile, his state, his lists, and what was learned of him as far as it is known.

It reads the clickstream for the tokens of his lists, writes a keyed hash of his id to the topic of erasures, and sends
signed orders behind his events. What Kafka holds of him goes with the topics' retention. It needs the job's token
secrets (of a local stack, or TIDELINE_TOKEN_KEYS). Sent a second time it erases what came since.
docs/guide/privacy.md says what goes, what stays, and for how long."""

_KEYS = {
    "user_hash": "what stands for him in the topic of erasures",
    "erased_ms": "up to when he was erased",
    "events": "events of his in the clickstream",
    "lists_taken_back": "his lists whose tokens were told to the job",
    "archived": "records of his that are gone from the archive; null without --archive",
    "seconds": "until his lists were gone; null without --wait",
    "gone_by_ms": "by topic, when its retention is over for all of him, where it has the default one",
}


def fill(parser: VerbParser) -> None:
    """Describe the verb."""
    parser.tells(
        _TEXT,
        [
            "tideline erase u42 --wait 60",
            "tideline erase u42 --wait 60 --stack demo --json",
            "tideline erase u42 --by ticket-4711 --bootstrap KAFKA:9092",
            "tideline erase u42 --no-search --bootstrap KAFKA:9092",
            "tideline erase u42 --wait 60 --archive archive",
            "tideline erase u42 --wait 60 --placement cart --placement home",
        ],
        _KEYS,
    )
    parser.add_argument("user", metavar="USER", help="user id, as it is in the Kafka key")
    parser.add_argument("--wait", type=float, metavar="S", help="wait so many seconds until his lists are gone")
    parser.add_argument(
        "--placement",
        action="append",
        default=[],
        metavar="NAME",
        help="wait for his list of this placement too, beside those his decisions name; may be repeated",
    )
    parser.add_argument(
        "--no-search",
        action="store_true",
        help="do not read the clickstream for his lists: most of what they taught then stays, and fades",
    )
    parser.add_argument(
        "--archive",
        type=Path,
        metavar="FOLDER",
        help="bring this archive up to date and write its files anew without him; with --wait after his lists are gone",
    )
    parser.add_argument("--by", metavar="NAME", help="who orders it, kept as a hash (login and machine)")
    parser.add_argument("--prefix", default="tideline", help="first part of every key (tideline)")
    add_json(parser)
    add_redis(parser)
    add_target(parser)
