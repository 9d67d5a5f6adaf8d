"""Command line of the local stack: `scripts/stack up|down|status|add`."""

from __future__ import annotations

import argparse
import json
import sys
import time
from contextlib import suppress
from pathlib import Path

from tideline.scripts.localstack import redis
from tideline.scripts.localstack.errors import StackError
from tideline.scripts.localstack.launch import take_down
from tideline.scripts.localstack.process import alive
from tideline.scripts.localstack.stack import Stack

_WATCH_S = 2.0


def main(argv: list[str]) -> int:
    """Exit status 0 when done, 1 when a part failed or (for `status`) is not up, 2 for wrong usage."""
    arguments = _parser().parse_args(argv)
    try:
        return int(arguments.run(arguments))
    except StackError as error:
        print(f"stack: {error}", file=sys.stderr)
        return 1


def _up(arguments: argparse.Namespace) -> int:
    stack = Stack.up(
        arguments.name,
        arguments.taskmanagers,
        arguments.conf,
        arguments.redis_url,
        arguments.kafka,
        arguments.tm_memory,
        progress=lambda line: print(f"[stack] {line}", file=sys.stderr, flush=True),
    )
    _print(stack, arguments.json)
    return 0


def _down(arguments: argparse.Namespace) -> int:
    found = take_down(arguments.name)
    print(f"[stack] {arguments.name} " + ("is down" if found else "was not up"), file=sys.stderr)
    return 0


def _status(arguments: argparse.Namespace) -> int:
    stack = Stack.attach(arguments.name)
    _print(stack, arguments.json)
    return 0 if all(alive(process) for process in stack.processes) else 1


def _add(arguments: argparse.Namespace) -> int:
    added = Stack.attach(arguments.name).add_taskmanager()
    print(f"[stack] {added.name} is registered", file=sys.stderr)
    return 0


def _watch(arguments: argparse.Namespace) -> int:
    """Until interrupted: a TaskManager that ended, of what Kafka or the kernel did to it, has a successor."""
    print(f"[stack] watching the TaskManagers of {arguments.name}; Ctrl-C ends it", file=sys.stderr, flush=True)
    with suppress(KeyboardInterrupt):
        while True:
            for lost in Stack.attach(arguments.name).replace_lost_taskmanagers():
                print(f"[stack] {lost} had ended and was replaced", file=sys.stderr, flush=True)
            time.sleep(_WATCH_S)
    return 0


def _print(stack: Stack, as_json: bool) -> None:
    parts = {process.name: {"pid": process.pid, "alive": alive(process)} for process in stack.processes}
    document = {
        "name": stack.name,
        "kafka_bootstrap": stack.kafka_bootstrap,
        "redis_url": redis.masked(stack.redis_url),
        "flink_rest_url": stack.flink_rest_url,
        "root": str(stack.root),
        "prometheus": stack.prometheus_urls,
        "processes": parts,
    }
    if as_json:
        print(json.dumps(document))
        return
    for key in ("name", "kafka_bootstrap", "redis_url", "flink_rest_url", "root"):
        print(f"{key:16} {document[key]}")
    for name, url in stack.prometheus_urls.items():
        print(f"{'metrics':16} {url}  ({name})")
    for name, part in parts.items():
        print(f"{name:16} pid {part['pid']} {'runs' if part['alive'] else 'IS NOT RUNNING'}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="scripts/stack", description="Kafka, Valkey and Flink as local processes.")
    commands = parser.add_subparsers(required=True, metavar="up|down|status|add|watch")
    up = commands.add_parser("up", help="start everything and wait until it is ready")
    up.add_argument("--taskmanagers", type=_positive, default=1, metavar="N", help="of one slot each (1)")
    up.add_argument("--tm-memory", metavar="SIZE", help="process size of a TaskManager, such as 2560m")
    up.add_argument("--conf", type=Path, metavar="FILE", help="Flink settings that replace some of the defaults")
    up.add_argument("--redis-url", metavar="URL", help="use this Redis or Valkey, start none")
    up.add_argument("--kafka", metavar="HOST:PORT", help="use this broker, start none")
    up.set_defaults(run=_up)
    down = commands.add_parser("down", help="end everything and remove its data")
    down.set_defaults(run=_down)
    status = commands.add_parser("status", help="addresses and processes; exit status 1 unless all of them run")
    status.set_defaults(run=_status)
    add = commands.add_parser("add", help="start one more TaskManager, for another job or in the place of a lost one")
    add.set_defaults(run=_add)
    watch = commands.add_parser("watch", help="start a TaskManager for each that ends, until interrupted")
    watch.set_defaults(run=_watch)
    for command in (up, down, status, add, watch):
        command.add_argument("--name", default="default", help="several stacks can run side by side (default)")
    for command in (up, status):
        command.add_argument("--json", action="store_true", help="one JSON object on standard output")
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text}: allowed are whole numbers from 1")
    return number


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
