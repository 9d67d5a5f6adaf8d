"""What `tideline replay` takes beside the job's own options."""

from __future__ import annotations

import argparse
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tideline.scripts.parsers.verb_parser import VerbParser

_TEXT = """Runs the job again over a range of the clickstream, beside the live job and without touching its lists.

TIME is ISO 8601 (2026-11-22T12:00Z) or epoch milliseconds, compared with the time the broker took a record. Lists go to
`{prefix}@{name}:list:{user}`, decisions and dead letters to topics of their own. Other options are those of the job
(`tideline config --help`), among them --from-offsets and --to-offsets. One line of JSON says what was replayed."""
_KEYS = {
    "job": "its id in Flink",
    "records": "of the clickstream that it read",
    "lists": "that it left in Redis",
    "namespace": "under which they are",
}


def fill(parser: VerbParser) -> None:
    """Describe the verb."""
    parser.usage = "tideline replay --name NAME --from TIME --to TIME [--stack NAME] [--option VALUE ...]"
    parser.always_json = True
    parser.tells(
        _TEXT,
        [
            "tideline replay --name monday --from 2026-11-16T00:00Z --to 2026-11-17T00:00Z",
            """tideline replay --name probe --from-offsets '{"0": 10}' --to-offsets '{"0": 20}' --policy thompson""",
        ],
        _KEYS,
    )
    parser.add_argument("--stack", default="default", metavar="NAME", help="name of the local stack")
    parser.add_argument("--name", required=True, metavar="NAME", help="of the replay: it tells its lists from others")
    parser.add_argument("--from", dest="from_ms", type=_epoch_ms, metavar="TIME", help="the first record")
    parser.add_argument("--to", dest="to_ms", type=_epoch_ms, metavar="TIME", help="where it ends")


def _epoch_ms(text: str) -> str:
    if text.isdigit():
        return text
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r}; allowed: ISO 8601 or epoch milliseconds") from error
    return str(int(moment.astimezone().timestamp() * 1000))
