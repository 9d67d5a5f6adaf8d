"""What `tideline archive` takes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tideline.scripts.parsers.verb_parser import add_target, docstring_of
from tideline.udfs.settings.options import argument, number, whole

if TYPE_CHECKING:
    from tideline.scripts.parsers.verb_parser import VerbParser

ROWS = 200_000
"""Records in a file at most, by default."""
_TEXT = """Keeps what the topics clickstream and decisions hold, for longer than Kafka does.

It writes what is there and not yet archived, and ends; run it by a timer, well within the retention of the topics.
Killed at any moment, it goes on where it was: each offset is in exactly one file."""


def fill(parser: VerbParser) -> None:
    """Describe the verb."""
    parser.tells(
        _TEXT,
        [
            "tideline archive --stack demo --to archive",
            "tideline archive --stack demo --to archive --policy",
            "tideline archive --stack demo --to archive --keep-days 400 --merge",
            "tideline archive --stack demo --to archive --without u42",
        ],
        more=docstring_of("tideline.udfs.io.archive_files"),
    )
    add_target(parser)
    parser.add_argument("--to", type=Path, required=True, metavar="FOLDER", help="where the archive is")
    parser.add_argument(
        "--rows",
        type=argument(whole(1, 10_000_000)),
        default=ROWS,
        metavar="N",
        help="records in a file at most (200000)",
    )
    parser.add_argument(
        "--policy",
        action="store_true",
        help="keep the topics policy and activities too: `tideline explain` needs them to look back over a week",
    )
    parser.add_argument(
        "--keep-days",
        type=argument(number(0, 36_500)),
        metavar="D",
        help="then delete files that are wholly older, by Kafka's time; the newest of each partition stays (all stay)",
    )
    parser.add_argument(
        "--merge",
        action="store_true",
        help="then make one file of those of a day that follow one another, up to --rows and 64 MB",
    )
    parser.add_argument(
        "--without", metavar="USER", help="write nothing new, and the files that hold this user anew without him"
    )
