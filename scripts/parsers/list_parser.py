"""What `tideline list` takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tideline.scripts.parsers.verb_parser import add_json, add_redis, add_target

if TYPE_CHECKING:
    from tideline.scripts.parsers.verb_parser import VerbParser

_TEXT = """Shows one list as it is in Redis: place, activity, when it ends, and whether a frontend still shows it.

What an activity is (kind and title) is read from the topic of activities: of the local stack, or where --bootstrap
names a Kafka. --why tells what each entry was ranked on: how much of what the user did, of late and long ago, was in
its categories, how often he had seen it, and which labels of his profile its rule asked for, by name alone."""


def fill(parser: VerbParser) -> None:
    """Describe the verb."""
    parser.tells(
        _TEXT,
        [
            "tideline list u42",
            "tideline list u42 --why",
            "tideline list u42 --placement cart",
            "tideline list --popular --stack demo",
            "tideline list u42 --redis-url-file redis.url --bootstrap KAFKA:9092",
            "tideline list --json --redis-url rediss://cache:6380/0 -- -u42   # an id that begins with a hyphen",
        ],
        {
            "key": "in Redis",
            "made_ms": "event time for which it was made, UTC epoch milliseconds",
            "version": "generation, time and number; the greater is the newer",
            "encoder": "version of the encoder",
            "token": "to be echoed in every event about this list",
            "profile": "of its user now, with --why: {labels: names, own_clock, personalise, learn, opt_outs: count}; "
            "null: none, or not asked",
            "entries": "best first, each: {position, activity_id, ends_ms, over, variant, kind, title, categories, "
            "labels: names of those that its rule asks for and he meets, with --why, "
            "why: {shares: by half-life in events, seen}}; null: not known",
        },
    )
    parser.add_argument("user", nargs="?", metavar="USER", help="user id, as it is in the Kafka key")
    parser.add_argument("--popular", action="store_true", help="the list for users without one")
    parser.add_argument("--placement", metavar="NAME", help="the list of a placement (the default list)")
    parser.add_argument("--why", action="store_true", help="what each entry was ranked on")
    parser.add_argument("--prefix", default="tideline", help="first part of every key (tideline)")
    add_json(parser)
    add_redis(parser)
    add_target(parser)
