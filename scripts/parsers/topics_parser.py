"""What `tideline topics` takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tideline.scripts.parsers.verb_parser import add_json, add_target
from tideline.udfs.settings.options import argument, whole

if TYPE_CHECKING:
    from tideline.scripts.parsers.verb_parser import VerbParser


def fill(parser: VerbParser) -> None:
    """Describe the verb."""
    parser.is_list = True
    parser.tells(
        "Makes the topics of a deployment where they are missing, and leaves the settings of the others alone; or "
        "tells what they are, as a document of AsyncAPI or as resources of Strimzi.",
        [
            "tideline topics --bootstrap KAFKA:9092",
            "tideline topics --bootstrap KAFKA:9092 --config kafka.properties --partitions 16",
            "tideline topics --asyncapi",
            "tideline topics --strimzi kafka --partitions 16",
        ],
        {
            "name": "of the topic",
            "made": "whether it was made now; else it was there",
            "partitions": "how many it has",
        },
    )
    add_target(parser)
    parser.add_argument(
        "--partitions",
        type=argument(whole(1, 10_000)),
        metavar="N",
        help="of clickstream, profiles and decisions where they are made now (4); any number is as good",
    )
    parser.add_argument(
        "--asyncapi",
        action="store_true",
        help="print topics, keys, records, headers and layout as AsyncAPI 3 (YAML); asks no broker and makes nothing",
    )
    parser.add_argument(
        "--strimzi",
        metavar="CLUSTER",
        help="print the topics, and a login of the job with its rights, as resources of Strimzi's operator for the "
        "Kafka of that name (YAML); asks no broker and makes nothing",
    )
    add_json(parser)
