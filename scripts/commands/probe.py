"""Sends an event of a canary in each shard and waits for its list, once or for ever: `tideline probe`."""

from __future__ import annotations

import json
import logging
import threading
import time
import uuid
from typing import TYPE_CHECKING, Any

from tideline.schemas.errors import TidelineError, Unavailable
from tideline.schemas.events import Event, EventType
from tideline.schemas.fields import CANARY_PREFIX
from tideline.scripts.commands.exits import Exit, failed, tell
from tideline.scripts.commands.redis_target import explained, opened, read_redis_target
from tideline.scripts.commands.send_event import writer
from tideline.scripts.commands.target import read_target
from tideline.scripts.diagnosis.canaries import canaries
from tideline.scripts.diagnosis.metrics_page import served
from tideline.scripts.diagnosis.probing import Probe, Seen, begun, exposition, with_failure, with_probe
from tideline.scripts.localstack import StackError
from tideline.scripts.parsers.verbs import parse
from tideline.scripts.simulation.lists import parse_list

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Sequence

    import redis

_LOOK_EVERY_S = 0.005


class Prober:
    """Looks at a deployment from outside, as a shop and a frontend do."""

    def __init__(self, write: Callable[[Event], None], client: redis.Redis, prefix: str, shards: int) -> None:
        self._write, self._client = write, client
        self._users = canaries(shards)
        self._keys = [f"{prefix}:list:{user}" for user in self._users]

    def probe(self, within_s: float) -> Probe:
        """Send one view of each canary, and wait until each has a newer list, at most so long.

        Raises:
            Unavailable: Kafka does not take the events.
            RedisError: Redis does not answer.
        """
        before = self._versions()
        sent_s = []
        for user in self._users:
            now_ms = time.time_ns() // 1_000_000
            self._write(Event(str(uuid.uuid4()), user, EventType.VIEW, now_ms, category=CANARY_PREFIX.rstrip("-")))
            sent_s.append(time.monotonic())
        found: list[float | None] = [None] * len(self._users)
        while None in found and time.monotonic() - sent_s[-1] < within_s:
            for shard, version in enumerate(self._versions()):
                if found[shard] is None and version > before[shard]:
                    found[shard] = time.monotonic() - sent_s[shard]
            time.sleep(_LOOK_EVERY_S)
        return Probe(tuple(found))

    def _versions(self) -> list[tuple[int, ...]]:
        payloads: Any = self._client.mget(self._keys)
        return [_version(payload) for payload in payloads]


def _version(payload: bytes | None) -> tuple[int, ...]:
    """The version of a list, lower than any where there is none, or something that is none."""
    try:
        return parse_list(payload).version if payload else ()
    except (ValueError, KeyError):
        return ()


def describe(probe: Probe, users: Sequence[str], within_s: float) -> list[str]:
    """Return the lines for people: how many shards made a list and in what time, and each that did not."""
    came = sorted(each for each in probe.seconds if each is not None)
    line = f"{probe.fresh} of {len(users)} shards have made a list"
    lines = [f"{line}, after {came[0]:.2f} to {came[-1]:.2f} s" if came else line]
    late = [(shard, user) for shard, (user, each) in enumerate(zip(users, probe.seconds, strict=True)) if each is None]
    lines += [f"shard {shard}: no list of {user} within {within_s:g} s of its event" for shard, user in late]
    return lines if came else [*lines, "does the job run, and has it an activity to show? tideline doctor looks"]


def _once(prober: Prober, url: str, arguments: argparse.Namespace) -> int:
    users = canaries(arguments.shards)
    with explained(url):
        probe = prober.probe(arguments.within)
    if arguments.json:
        print(json.dumps({"shards": len(users), "fresh": probe.fresh, "seconds": probe.seconds}))
    else:
        print("\n".join(describe(probe, users, arguments.within)))
    return Exit.DONE if probe.fresh == len(users) else Exit.FAILED


class _Page:
    """The newest of what was seen, for whoever scrapes it."""

    def __init__(self, shards: int) -> None:
        self._seen = begun(shards, time.monotonic())
        self._lock = threading.Lock()

    def change(self, step: Callable[[Seen], Seen]) -> None:
        """Go on from what was seen."""
        with self._lock:
            self._seen = step(self._seen)

    def text(self) -> str:
        """Return the page."""
        with self._lock:
            return exposition(self._seen, time.monotonic())


def _for_ever(prober: Prober, url: str, arguments: argparse.Namespace) -> None:
    page = _Page(arguments.shards)
    host, port = arguments.listen
    with served(page.text, (host, port)) as server:
        tell("probe", f"metrics at http://{host}:{server.server_port}/metrics")
        while True:
            began_s = time.monotonic()
            _look(prober, url, arguments.within, page)
            time.sleep(max(0.0, arguments.every - (time.monotonic() - began_s)))


def _look(prober: Prober, url: str, within_s: float, page: _Page) -> None:
    try:
        with explained(url):
            probe = prober.probe(within_s)
    except Unavailable as error:
        tell("probe", str(error), logging.WARNING)
        part = "redis" if error.target == "redis" else "kafka"
        page.change(lambda seen: with_failure(seen, part))
        return
    page.change(lambda seen: with_probe(seen, probe, time.monotonic()))


def main(argv: Sequence[str]) -> int:
    """Probe; with --once exit status 0 where each shard has made a list in time and 1 otherwise."""
    arguments = parse("probe", argv)
    try:
        target, url = read_target(arguments), read_redis_target(arguments).url
        with opened(url) as client, writer(target) as write:
            prober = Prober(write, client, arguments.prefix, arguments.shards)
            if arguments.once:
                return _once(prober, url, arguments)
            _for_ever(prober, url, arguments)
    except (StackError, TidelineError) as error:
        return failed("probe", error)
    return Exit.DONE
