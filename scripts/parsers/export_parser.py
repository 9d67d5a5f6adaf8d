"""What `tideline export` takes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tideline.scripts.parsers.verb_parser import add_target, docstring_of
from tideline.udfs.settings.options import argument, number

if TYPE_CHECKING:
    from tideline.scripts.parsers.verb_parser import VerbParser

_TEXT = """Writes what was shown and what came of it as a Parquet file.

The secrets of the tokens come from TIDELINE_TOKEN_KEYS or TIDELINE_TOKEN_KEYS_FILE, as the job's do, or with --stack
from there. Decisions and events, with the ids of their users, lie in a hidden folder beside the file meanwhile; what a
killed export left there goes with the next."""


def fill(parser: VerbParser) -> None:
    """Describe the verb."""
    parser.tells(
        _TEXT,
        [
            "tideline export --stack demo --out decisions.parquet",
            "tideline export --stack demo --archive archive --out decisions.parquet",
            "tideline export --bootstrap KAFKA:9092 --config kafka.properties --out decisions.parquet",
        ],
        more=docstring_of("tideline.scripts.analysis.join_log"),
    )
    add_target(parser)
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.parquet", help="where to write")
    parser.add_argument(
        "--archive",
        type=Path,
        metavar="FOLDER",
        help="read decisions and events of an archive in place of Kafka's",
    )
    parser.add_argument(
        "--attribution-days", type=argument(number(0, 90)), default=7.0, metavar="D", help="as in the job's options (7)"
    )
