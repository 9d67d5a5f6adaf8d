"""What `tideline stack` takes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tideline.scripts.parsers.verb_parser import add_json
from tideline.udfs.settings.options import argument, whole

if TYPE_CHECKING:
    from tideline.scripts.parsers.verb_parser import VerbParser

_KEYS = {
    "name": "of the stack",
    "kafka_bootstrap": "host:port of the broker",
    "redis_url": "the Redis server, secrets masked",
    "flink_rest_url": "the JobManager",
    "root": "folder with settings, logs, checkpoints and data",
    "options": "with --secure, what names all of it to another command; else null",
    "prometheus": "metrics URL by process",
    "processes": "by process: {pid, alive}",
}


def fill(parser: VerbParser) -> None:
    """Describe the verb."""
    parser.tells(
        "Kafka, Valkey and Flink as processes of this machine.",
        ["tideline stack up --taskmanagers 2", "tideline stack status --json", "tideline stack down"],
    )
    verbs = parser.verbs(metavar="up|down|status|add|watch")
    up = verbs.add_parser("up", help="start everything and wait until it is ready")
    _fill_up(up)
    down = verbs.add_parser("down", help="end everything and remove its data")
    down.tells(None, ["tideline stack down --name other"])
    status = verbs.add_parser("status", help="addresses and processes; exit status 1 unless all of them run")
    status.tells(None, ["tideline stack status --json"], _KEYS)
    add = verbs.add_parser("add", help="start one more TaskManager, for another job or in the place of a lost one")
    add.tells(None, ["tideline stack add"])
    watch = verbs.add_parser("watch", help="start a TaskManager for each that ends, until interrupted")
    watch.tells(None, ["tideline stack watch --name other"])
    for each in (up, down, status, add, watch):
        each.add_argument(
            "--name", default="default", metavar="NAME", help="several stacks can run side by side (default)"
        )
    for each in (up, status):
        add_json(each)


def _fill_up(up: VerbParser) -> None:
    up.add_argument(
        "--taskmanagers", type=argument(whole(1, 1_000)), default=1, metavar="N", help="of one slot each (1)"
    )
    up.add_argument("--tm-memory", metavar="SIZE", help="process size of a TaskManager, such as 2560m")
    up.add_argument("--conf", type=Path, metavar="FILE", help="Flink settings that replace some of the defaults")
    up.add_argument("--redis-url", metavar="URL", help="use this Redis or Valkey, start none")
    up.add_argument("--kafka", metavar="HOST:PORT", help="use this broker, start none")
    up.add_argument(
        "--redis-cluster",
        type=argument(whole(3, 16)),
        default=0,
        metavar="NODES",
        help="a Redis Cluster of 3 to 16 nodes in the place of one server",
    )
    up.add_argument(
        "--secure",
        action="store_true",
        help="Kafka with SASL_SSL, SCRAM and ACLs, Redis with TLS and ACLs; every command has a login by --stack",
    )
    up.tells(
        None,
        [
            "tideline stack up",
            "tideline stack up --name locked --secure",
            "tideline stack up --name sharded --redis-cluster 3",
            "tideline stack up --name other --taskmanagers 2 --tm-memory 2560m",
        ],
        _KEYS,
    )
