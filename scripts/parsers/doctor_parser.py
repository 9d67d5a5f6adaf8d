"""What `tideline doctor` takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tideline.scripts.parsers.verb_parser import add_json, add_redis, add_target

if TYPE_CHECKING:
    from tideline.scripts.parsers.verb_parser import VerbParser

_TEXT = """Looks at this machine (Python, Java, packages, memory, ports) and at a deployment (Kafka with its topics and
the rights of the login, Redis, Flink, their clocks), and says of each thing whether it is well or what to do. It
changes nothing. Rights are those that the job needs: give it the job's logins. Exit status 1: something is wrong."""


def fill(parser: VerbParser) -> None:
    """Describe the verb."""
    parser.is_list = True
    parser.tells(
        _TEXT,
        [
            "tideline doctor",
            "tideline doctor --stack demo --json",
            "tideline doctor --bootstrap KAFKA:9093 --config kafka.properties --redis-url-file redis.url "
            "--flink http://JOBMANAGER:8081",
        ],
        {
            "subject": "what was looked at",
            "state": "ok, wrong or unknown",
            "found": "what was found",
            "to_do": "what to do; null where nothing is",
        },
    )
    parser.add_argument("--states", action="store_true", help="print docs/upgrades.md: which states this build reads")
    parser.add_argument("--flink", metavar="URL", help="the JobManager, http://HOST:8081")
    parser.add_argument("--group-id", default="tideline", metavar="GROUP", help="as the job's option (tideline)")
    parser.add_argument("--prefix", default="tideline", help="as the job's option (tideline)")
    add_json(parser)
    add_redis(parser)
    add_target(parser)
