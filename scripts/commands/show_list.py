"""Shows one list as it is in Redis, and which entries a frontend would still show: `tideline list`."""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import redis

from tideline.scripts.localstack import Stack, StackError
from tideline.scripts.parsers.verbs import parser_of
from tideline.scripts.simulation.lists import RankedList, parse_list
from tideline.udfs.settings.options import Refusal
from tideline.udfs.settings.redis_url import mask_url, read_url

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence


def describe(ranked: RankedList, now_ms: int) -> list[str]:
    """Return a line for each entry: its place, its id and when it ends."""
    lines = [f"made for {_moment(ranked.as_of_ms)}, version {list(ranked.version)}, {len(ranked.activities)} entries"]
    for place, (activity, end_ms) in enumerate(zip(ranked.activities, ranked.ends_ms, strict=True)):
        over = "ended" if end_ms <= now_ms else "ends"
        lines.append(f"{place:4}  {activity:24} {over} {_moment(end_ms)}")
    return lines


def _moment(ms: int) -> str:
    return f"{datetime.fromtimestamp(ms / 1000, UTC):%Y-%m-%d %H:%M} UTC"


def _url(arguments: argparse.Namespace) -> str:
    if arguments.redis_url_file is None:
        return Stack.attach(arguments.stack).redis_url
    return read_url(arguments.redis_url_file.read_text(encoding="utf-8-sig").strip())


def _read(arguments: argparse.Namespace) -> bytes:
    """Return the payload.

    Raises:
        StackError: It cannot be read, or there is none.
    """
    name = f"{arguments.prefix}:popular" if arguments.popular else f"{arguments.prefix}:list:{arguments.user}"
    url = _url(arguments)
    try:
        with redis.Redis.from_url(url, socket_timeout=5.0, socket_connect_timeout=5.0) as store:
            payload = store.get(name)
    except redis.RedisError as error:
        raise StackError(f"{mask_url(url)} does not answer: {type(error).__name__}") from error
    if not isinstance(payload, bytes):
        raise StackError(f"there is no {name}")
    return payload


def main(argv: Sequence[str]) -> int:
    """Print the list; 1 with the reason where there is none."""
    parser = parser_of("list")
    arguments = parser.parse_args(argv)
    if (arguments.user is None) != arguments.popular:
        parser.error("one of USER and --popular")
    try:
        payload = _read(arguments)
        print(payload.decode())
        print("\n".join(describe(parse_list(payload), int(time.time() * 1000))))
    except Refusal as refused:
        print(f"list: --redis-url-file: allowed is {refused.allowed}", file=sys.stderr)
        return 1
    except (StackError, OSError, ValueError, KeyError) as error:
        print(f"list: {error}", file=sys.stderr)
        return 1
    return 0
