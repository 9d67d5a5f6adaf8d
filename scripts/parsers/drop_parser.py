"""What `tideline drop` takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tideline.scripts.parsers.verb_parser import NAME, add_json, add_redis, add_replay, add_target
from tideline.udfs.settings.options import argument

if TYPE_CHECKING:
    from tideline.scripts.parsers.verb_parser import VerbParser

_TEXT = """Deletes what a replay has left: its lists, what was kept when it was promoted, its topics and its group.

Tells first how much. Live lists are not touched, those neither that were promoted; after it there is no rollback.
Topics go only where it shows that this replay made them: its group has read this clickstream, or the local stack knows
it, and nothing says that they are another deployment's, whose names may end alike; else they are named and stay.
On a local stack it refuses while the replay runs; elsewhere see to that yourself. A second time it does nothing."""


def fill(parser: VerbParser) -> None:
    """Describe the verb."""
    parser.tells(
        _TEXT,
        [
            "tideline drop monday",
            "tideline drop monday --yes --stack demo --json",
            "tideline drop monday --yes --bootstrap KAFKA:9092 --redis-url rediss://cache:6380/0",
        ],
        {
            "replay": "first part of its keys",
            "done": "whether it was done; false: only told",
            "lists": "keys of its lists and stops",
            "kept": "lists that a rollback would put back",
            "topics": "its topics that are there: records by name",
            "left": "topics of these names that are not shown to be its own; they stay",
            "why_left": "why, null where there are none",
            "group": "its consumer group, null where there is none",
            "checkpoints": "folders of checkpoints that Flink still knows of it: yours to delete",
        },
    )
    add_replay(parser)
    parser.add_argument(
        "--group-id",
        type=argument(NAME),
        default="tideline",
        metavar="NAME",
        help="the job's group (tideline)",
    )
    add_json(parser)
    add_redis(parser)
    add_target(parser)
