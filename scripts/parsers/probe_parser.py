"""What `tideline probe` takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tideline.scripts.parsers.verb_parser import add_json, add_redis, add_target
from tideline.udfs.settings.options import Kind, argument, number, whole

if TYPE_CHECKING:
    from typing import Any

    from tideline.scripts.parsers.verb_parser import VerbParser

_TEXT = """Sends an event of a canary in each shard and waits for its list: what a shop and a frontend would see.

Canaries are users of their own (tideline-probe-00000 and on). They see nothing and click nothing, so nothing is learned
from them; each view makes one list. Without --once it goes on until it is interrupted and shows Prometheus how long
lists take (`tideline_probe_seconds`), how many did not come, and since when each shard has been silent."""


def _address(raw: Any) -> tuple[str, int]:
    host, _, port = str(raw).rpartition(":")
    if not host or not 0 <= int(port) <= 65_535:
        raise ValueError
    return host, int(port)


def fill(parser: VerbParser) -> None:
    """Describe the verb."""
    parser.tells(
        _TEXT,
        [
            "tideline probe --once",
            "tideline probe --once --bootstrap KAFKA:9092 --redis-url-file redis.url --shards 16",
            "tideline probe --bootstrap KAFKA:9092 --redis-url-file redis.url --listen 127.0.0.1:9400",
        ],
        {
            "shards": "how many were asked",
            "fresh": "how many have made a list in time",
            "seconds": "by shard, from its canary's event to its list; null: none came in time",
        },
    )
    parser.add_argument("--once", action="store_true", help="one round; exit status 1 where a shard made no list")
    parser.add_argument(
        "--shards", type=argument(whole(1, 1024, power_of_two=True)), default=8, metavar="N", help="as the job's (8)"
    )
    parser.add_argument(
        "--within", type=argument(number(0.1, 600)), default=10.0, metavar="S", help="how long a list may take (10)"
    )
    parser.add_argument(
        "--every", type=argument(number(1, 3600)), default=5.0, metavar="S", help="time between two rounds (5)"
    )
    parser.add_argument(
        "--listen",
        type=argument(Kind("HOST:PORT", _address)),
        default=("127.0.0.1", 9400),
        metavar="HOST:PORT",
        help="where Prometheus finds the metrics (127.0.0.1:9400)",
    )
    parser.add_argument("--prefix", default="tideline", help="first part of every key (tideline)")
    add_json(parser)
    add_redis(parser)
    add_target(parser)
