"""What `tideline replay` takes beside the job's own options."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tideline.scripts.replays.bounds import ALLOWED, read_bound
from tideline.udfs.settings.options import Kind, argument

if TYPE_CHECKING:
    from tideline.scripts.parsers.verb_parser import VerbParser

_TEXT = """Runs the job again over a range of the clickstream, beside the live job and without touching its lists.

WHERE is ISO 8601 (2026-11-22T12:00Z), epoch milliseconds or last=24h (s, m, h, d), compared with the time the broker
took a record, or offsets: {"0": 10, "1": 20}; partitions that are not named are not read. Without --to the range ends
where the topic ends now. A range that is not there yet, or that retention has taken a part of (exit status 3), is
refused with what there is.

Lists go to `{prefix}@{name}:list:{user}`, decisions and dead letters to topics of their own. Other options are those of
the job (`tideline config --help`). One line of JSON says what was replayed."""
_KEYS = {
    "job": "its id in Flink",
    "records": "of the clickstream that it read",
    "lists": "that it left in Redis",
    "namespace": "under which they are",
    "partitions": "by number, the offsets of the range: {from, to (excluded)}",
}


def fill(parser: VerbParser) -> None:
    """Describe the verb."""
    parser.usage = "tideline replay --name NAME --from WHERE [--to WHERE] [--stack NAME] [--option VALUE ...]"
    parser.always_json = True
    parser.tells(
        _TEXT,
        [
            "tideline replay --name monday --from 2026-11-16T00:00Z --to 2026-11-17T00:00Z",
            "tideline replay --name day --from last=24h",
            """tideline replay --name probe --from '{"0": 10}' --to '{"0": 20}' --policy thompson""",
        ],
        _KEYS,
    )
    where = argument(Kind(ALLOWED, read_bound))
    parser.add_argument("--stack", default="default", metavar="NAME", help="name of the local stack")
    parser.add_argument("--name", required=True, metavar="NAME", help="of the replay: it tells its lists from others")
    begin, end = ("--from", "--from-ms", "--from-offsets"), ("--to", "--to-ms", "--to-offsets")
    parser.add_argument(*begin, dest="begin", required=True, type=where, metavar="WHERE", help="the first record")
    parser.add_argument(*end, dest="end", type=where, metavar="WHERE", help="where it ends, excluded (now)")
