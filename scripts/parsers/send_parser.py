"""What `tideline send` takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tideline.schemas.events import TYPE_NAMES, VISITOR_TYPES
from tideline.scripts.parsers.verb_parser import add_json, add_redis, add_target

if TYPE_CHECKING:
    from tideline.scripts.parsers.verb_parser import VerbParser

_TEXT = """Sends one event of a user, of this moment, and shows how his list changes: to try a deployment by hand.

What happens to an activity of his list (impression, click, conversion, dismiss) is sent with the token and the place
of the list that is in Redis now; --placement says of which. The event is real: the job keeps it in the user's state
and learns from it."""


def fill(parser: VerbParser) -> None:
    """Describe the verb."""
    parser.tells(
        _TEXT,
        [
            "tideline send u42 --category CHEESE",
            "tideline send u42 --type purchase --item sku-9 --category CHEESE --price 4.20 --quantity 2",
            "tideline send u42 --type click --activity spring-5 --stack demo",
            "tideline send u42 --type click --activity spring-5 --placement cart",
            "tideline send u42 --category CHEESE --bootstrap KAFKA:9092 --redis-url-file redis.url --json",
        ],
        {
            "event": "as it was sent",
            "seconds": "until the new list was there",
            "before": "the list before, in the keys of `tideline list --json`; null: there was none",
            "after": "the new list, the same",
        },
    )
    parser.add_argument("user", metavar="USER", help="user id, as it is in the Kafka key")
    kinds = [TYPE_NAMES[kind] for kind in VISITOR_TYPES]
    parser.add_argument("--type", choices=kinds, default=kinds[0], help="what happened (view)")
    parser.add_argument("--item", metavar="ID", help="product it is about")
    parser.add_argument("--category", metavar="NAME", help="category of the product, or of the search")
    parser.add_argument("--price", type=float, metavar="AMOUNT", help="of one unit")
    parser.add_argument("--quantity", type=int, metavar="N", help="units")
    parser.add_argument("--activity", metavar="ID", help="activity of his list")
    parser.add_argument("--placement", metavar="NAME", help="the list of a placement (the default list)")
    parser.add_argument("--value", type=float, metavar="AMOUNT", help="worth of a conversion")
    parser.add_argument("--prefix", default="tideline", help="first part of every key (tideline)")
    add_json(parser)
    add_redis(parser)
    add_target(parser)
