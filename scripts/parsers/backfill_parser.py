"""What `tideline backfill` takes beside the job's own options."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tideline.scripts.parsers.verb_parser import VerbParser

_TEXT = """Takes a shop's past into user state before it goes live: all that the clickstream holds now, without lists.

It runs the live job muted: same operators, same state, nothing encoded and ranked on the way. Once all that was there
at the start is read it ends with a savepoint, from which the live job goes on: whatever came meanwhile counts once.
Options are those of the job (`tideline config --help`), and the same ones that the live job will have. One line of JSON
says what was read, and the commands that go live from there; --then-live carries them out.

--file writes a file of events to the clickstream first, as CSV or Parquet with the columns of `tideline model train`:
before anything else is there, each event once, also where it is interrupted and given again."""
_KEYS = {
    "job": "id of the backfill in Flink",
    "records": "read from the clickstream",
    "seconds": "that reading them took",
    "savepoint": "from which the live job goes on",
    "live": "id of the live job, null without --then-live",
    "next": "commands that go live from it, null with --then-live",
}


def fill(parser: VerbParser) -> None:
    """Describe the verb."""
    ways = "[--running | --flink URL | --latest | -s PATH | --fresh]"
    parser.usage = f"tideline backfill [--stack NAME] [--file FILE] [--then-live] {ways} [--option VALUE ...]"
    parser.always_json = True
    parser.tells(
        _TEXT,
        [
            "tideline backfill --then-live",
            "tideline backfill --file events.parquet --then-live",
            "tideline backfill --flink http://JOBMANAGER:8081 --bootstrap KAFKA:9092",
            "tideline backfill --latest --then-live   # go on with one that was interrupted",
        ],
        _KEYS,
    )
    parser.add_argument("--stack", default="default", metavar="NAME", help="name of the local stack")
    begin = parser.add_mutually_exclusive_group()
    begin.add_argument(
        "--running", action="store_true", help="go on with the one that runs: whoever watched it was interrupted"
    )
    begin.add_argument(
        "--flink", metavar="URL", help="of your own cluster, where the backfill of that name runs already"
    )
    parser.add_argument("--file", type=Path, metavar="FILE", help="events that are written to the clickstream first")
    parser.add_argument("--then-live", action="store_true", help="start the live job from it and write every list")
    begin.add_argument("--latest", action="store_true", help="go on from the newest completed state of that name")
    begin.add_argument("-s", "--from-state", metavar="PATH", help="go on from this checkpoint or savepoint")
    begin.add_argument("--fresh", action="store_true", help="begin without state, even where the group has read before")
