"""Says of a machine and a deployment what is well and what to do: `tideline doctor`."""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING

from tideline.schemas.errors import ConfigError
from tideline.scripts.commands.exits import Exit, failed
from tideline.scripts.commands.redis_target import read_redis_target
from tideline.scripts.commands.target import read_target
from tideline.scripts.diagnosis import flink_checks, kafka_checks, machine_checks, redis_checks, state_layouts
from tideline.scripts.diagnosis.finding import Finding, State, ok, unknown, wrong
from tideline.scripts.localstack import Stack, StackError
from tideline.scripts.localstack.process import alive
from tideline.scripts.parsers.verbs import parse

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence


def main(argv: Sequence[str]) -> int:
    """Print the findings as they come; 1 where something is wrong."""
    arguments = parse("doctor", argv)
    if arguments.states:
        print(state_layouts.page(), end="")
        return Exit.DONE
    findings = []
    try:
        for finding in diagnose(arguments):
            findings.append(finding)
            if not arguments.json:
                print("\n".join(lines_of(finding)), flush=True)
    except (ConfigError, StackError) as error:
        return failed("doctor", error)
    if arguments.json:
        print(json.dumps([finding._asdict() for finding in findings]))
    return Exit.FAILED if any(finding.state is State.WRONG for finding in findings) else Exit.DONE


def diagnose(arguments: argparse.Namespace) -> Iterator[Finding]:
    """Yield every finding.

    Raises:
        ConfigError: an option cannot be used.
        StackError: the stack that is named is not up.
    """
    stack = _stack(arguments)
    given = stack is not None or arguments.bootstrap or arguments.flink or _names_redis(arguments)
    yield from machine_checks.check(for_a_stack=not given)
    if stack is not None:
        yield processes_of(stack)
    if not given:
        yield unknown("deployment", "none is named", "name one: --stack NAME, or --bootstrap and --flink")
        return
    if stack is not None or arguments.bootstrap:
        target = read_target(arguments)
        yield from kafka_checks.check(target.cluster, target.topics, arguments.group_id, int(time.time() * 1000))
    else:
        yield unknown("kafka", "is not named", "--bootstrap HOST:PORT")
    if stack is not None or _names_redis(arguments):
        yield from redis_checks.check(read_redis_target(arguments).url, arguments.prefix)
    else:
        yield unknown("redis", "is not named", "--redis-url-file FILE, or TIDELINE_REDIS_URL")
    url = arguments.flink or (stack.flink_rest_url if stack is not None else None)
    if url is None:
        yield unknown("flink", "is not named", "--flink http://JOBMANAGER:8081")
    else:
        yield from flink_checks.check(url)


def _stack(arguments: argparse.Namespace) -> Stack | None:
    """Return the stack that is meant: the one that is named, or `default` where nothing is and it is up."""
    if arguments.stack is not None:
        return Stack.attach(arguments.stack)
    if arguments.bootstrap or arguments.flink or _names_redis(arguments):
        return None
    try:
        return Stack.attach()
    except StackError:
        return None


def _names_redis(arguments: argparse.Namespace) -> bool:
    given = arguments.redis_url is not None or arguments.redis_url_file is not None
    return given or (arguments.stack is None and "TIDELINE_REDIS_URL" in os.environ)


def processes_of(stack: Stack) -> Finding:
    """Return whether every process of a local stack runs."""
    gone = [process.name for process in stack.processes if not alive(process)]
    if gone:
        advice = f"scripts/stack up --name {stack.name} starts all anew, scripts/stack add a TaskManager"
        return wrong(f"stack {stack.name}", f"{', '.join(gone)} ended", advice)
    return ok(f"stack {stack.name}", f"{len(stack.processes)} processes run")


def lines_of(finding: Finding) -> list[str]:
    """Return a finding for people: a line, and another where something is to be done."""
    lines = [f"{finding.state:8}{finding.subject}: {finding.found}"]
    return lines if finding.to_do is None else [*lines, f"        -> {finding.to_do}"]
