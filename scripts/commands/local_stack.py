"""The local stack from the command line: `tideline stack`."""

from __future__ import annotations

import json
import sys
import time
from contextlib import suppress
from dataclasses import fields
from typing import TYPE_CHECKING

from tideline.scripts.commands.exits import failed
from tideline.scripts.localstack import redis
from tideline.scripts.localstack.errors import StackError
from tideline.scripts.localstack.launch import StackRequest, take_down
from tideline.scripts.localstack.process import alive
from tideline.scripts.localstack.stack import Stack
from tideline.scripts.parsers.verbs import parse

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

_WATCH_S = 2.0


def main(argv: Sequence[str]) -> int:
    """Exit status 0 when done, 1 when a part failed or (for `status`) is not up, 2 for wrong usage."""
    arguments = parse("stack", argv)
    try:
        return _RUN[arguments.command](arguments)
    except StackError as error:
        return failed("stack", error)


def _up(arguments: argparse.Namespace) -> int:
    wanted = {field.name: getattr(arguments, field.name) for field in fields(StackRequest)}
    _print(Stack.up(StackRequest(**wanted), _say), arguments.json)
    return 0


def _say(line: str) -> None:
    print(f"[stack] {line}", file=sys.stderr, flush=True)


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
        "options": f"{stack.secured.options} --flink {stack.flink_rest_url}" if stack.secured else None,
        "prometheus": stack.prometheus_urls,
        "processes": parts,
    }
    if as_json:
        print(json.dumps(document))
        return
    for key in ("name", "kafka_bootstrap", "redis_url", "flink_rest_url", "root"):
        print(f"{key:16} {document[key]}")
    if stack.secured:
        print(f"{'options':16} {document['options']}")
    for name, url in stack.prometheus_urls.items():
        print(f"{'metrics':16} {url}  ({name})")
    for name, part in parts.items():
        print(f"{name:16} pid {part['pid']} {'runs' if part['alive'] else 'IS NOT RUNNING'}")


_RUN = {"up": _up, "down": _down, "status": _status, "add": _add, "watch": _watch}
