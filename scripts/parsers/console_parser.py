"""What `tideline console` takes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tideline.scripts.parsers.verb_parser import add_redis, add_target
from tideline.udfs.settings.options import argument, whole

if TYPE_CHECKING:
    from tideline.scripts.parsers.verb_parser import VerbParser

_TEXT = """Serves the web console of a deployment until it is interrupted, and prints its address with a token that
opens it. It shows whether lists are fresh and what is wrong, and lets a frontend developer try a user's list. It reads
and does not write, unless --allow-writes says of whom events may be sent, and lets messages be stopped; users are shown
by pseudonyms."""


def fill(parser: VerbParser) -> None:
    """Describe the verb."""
    parser.tells(
        _TEXT,
        [
            "tideline console --stack demo",
            "tideline console --stack demo --allow-writes 'u-*' --show-ids",
            "tideline console --stack demo --audit looks.jsonl",
            "tideline console --job-config job.toml --flink http://JOBMANAGER:8081",
            "tideline console --bootstrap KAFKA:9093 --config kafka.properties --redis-url-file redis.url "
            "--flink http://JOBMANAGER:8081 --metrics http://JOBMANAGER:9249/metrics "
            "--metrics http://TASKMANAGER:9249/metrics",
        ],
    )
    _add_cluster(parser)
    _add_visitors(parser)
    _add_proxy(parser)
    add_redis(parser)
    add_target(parser)


def _add_cluster(parser: VerbParser) -> None:
    parser.add_argument("--flink", metavar="URL", help="the JobManager, http://HOST:8081")
    parser.add_argument(
        "--metrics",
        action="append",
        default=[],
        metavar="URL",
        help="Prometheus endpoint of a process of the cluster, http://HOST:9249/metrics; once for each",
    )
    parser.add_argument(
        "--job-config",
        type=Path,
        metavar="FILE.toml",
        help="the job's own options as submit takes them: Kafka, Redis, topics, prefix, name, policy, weights",
    )
    parser.add_argument("--job", metavar="NAME", help="the job's option `name` (tideline)")
    parser.add_argument("--prefix", help="first part of every key in Redis (tideline)")


def _add_visitors(parser: VerbParser) -> None:
    page = parser.add_argument_group("who may look, and do")
    page.add_argument("--host", default="127.0.0.1", metavar="ADDRESS", help="where it listens (127.0.0.1)")
    page.add_argument(
        "--port", type=argument(whole(0, 65_535)), default=8900, metavar="N", help="0 is a free one (8900)"
    )
    page.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="HOST[:PORT]",
        help="what else a browser may call it, such as the name of the proxy before it; once for each",
    )
    page.add_argument(
        "--token-file",
        type=Path,
        metavar="FILE",
        help='JSON with what opens it, {"viewer": TOKEN, "operator": TOKEN}; without, one is made at each start',
    )
    page.add_argument(
        "--allow-writes",
        metavar="PATTERN",
        help="let operators stop messages, and send events of users with ids like it, such as u-*",
    )
    page.add_argument(
        "--audit",
        type=Path,
        metavar="FILE",
        help="add a line of JSON for each look at a person (when, who, a keyed hash of whom) and each stop of messages",
    )
    page.add_argument("--show-ids", action="store_true", help="show user ids, and the bytes of refused records")


def _add_proxy(parser: VerbParser) -> None:
    page = parser.add_argument_group("behind a proxy that asks who somebody is")
    page.add_argument(
        "--trust-header",
        metavar="NAME",
        help="let in without a token whom the proxy before it names in this header, such as X-Forwarded-User",
    )
    page.add_argument(
        "--proxy",
        action="append",
        default=[],
        metavar="ADDRESS",
        help="where that header counts: an address or network such as 10.1.0.0/16; once for each",
    )
    page.add_argument(
        "--operator",
        action="append",
        default=[],
        metavar="NAME",
        help="who of those may write, where --allow-writes lets anybody; once for each",
    )
