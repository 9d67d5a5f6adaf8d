"""Sends what the job decided to push, each id at most once: `tideline push_sender`."""

from __future__ import annotations

import signal
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from tideline.schemas.errors import ConfigError, TidelineError
from tideline.scripts.commands.exits import Exit, failed, tell
from tideline.scripts.commands.redis_target import opened, read_redis_target
from tideline.scripts.commands.target import read_target
from tideline.scripts.diagnosis.metrics_page import served
from tideline.scripts.localstack import StackError
from tideline.scripts.parsers.verbs import parse
from tideline.scripts.sending.carriers import LogLines, Mail, Webhook
from tideline.scripts.sending.claims import Claims
from tideline.scripts.sending.consent_feed import HEARD_MS, ConsentFeed
from tideline.scripts.sending.courier import Courier, Pace
from tideline.scripts.sending.delivery import Delivery, Trying
from tideline.scripts.sending.parked import Parked, Rates
from tideline.scripts.sending.reports import NAME, Reports

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence

    from tideline.scripts.commands.target import Target
    from tideline.scripts.sending.carriers import Carrier

_GONE_MS = 6_000
"""After so long without a word from a sender others take its partitions; no broker allows less by default."""


def carrier_of(arguments: argparse.Namespace) -> Carrier:
    """Return through whom messages go, by the options.

    Raises:
        ConfigError: one is missing, or cannot be used.
    """
    if arguments.to_log is not None:
        return LogLines(arguments.to_log)
    if arguments.webhook is not None:
        if arguments.secret_file is None:
            raise ConfigError("--secret-file", "(missing)", "with --webhook, a file with the secret that signs")
        try:
            secret = arguments.secret_file.read_bytes().strip()
        except OSError as error:
            allowed = f"a readable file ({error.strerror})"
            raise ConfigError("--secret-file", str(arguments.secret_file), allowed) from error
        if not secret:
            raise ConfigError("--secret-file", str(arguments.secret_file), "a file that is not empty")
        return Webhook(arguments.webhook, secret)
    if arguments.sender is None or arguments.to is None:
        raise ConfigError("--smtp", ":".join(map(str, arguments.smtp)), "together with --from and --to")
    if "{user_id}" not in arguments.to:
        raise ConfigError("--to", arguments.to, "an address in which {user_id} stands for the user's id")
    host, port = arguments.smtp
    return Mail(host, port, arguments.sender, arguments.to)


def run(arguments: argparse.Namespace, target: Target, carrier: Carrier) -> None:
    """Send until it is interrupted, or with --until-end until all that is there is done.

    Raises:
        TidelineError: Kafka or Redis does not answer, or refuses.
    """
    url = read_redis_target(arguments).url
    topics, since_ms = target.topics, time.time_ns() // 1_000_000 - HEARD_MS
    writes = f"Write on topics {topics.clickstream}, {topics.dead_letters}"
    with ExitStack() as stack:
        claims = Claims(stack.enter_context(opened(url)), url, arguments.prefix)
        claims.list_stops()
        feed = stack.enter_context(ConsentFeed(target.cluster, topics, claims, since_ms))
        producer = stack.enter_context(target.cluster.producer("telling of pushes", writes, acks="all"))
        consumer = stack.enter_context(_subscribed(target, group_of(arguments.group, arguments.channel)))
        delivery = Delivery(claims, feed, carrier, Trying(arguments.attempts, arguments.pause), arguments.channel)
        parked = Parked(claims, Rates(arguments.per_second, arguments.per_campaign))
        pace = Pace(at_once=arguments.at_once, told_every_s=arguments.tell_every)
        say = lambda line, level: tell(NAME, line, level)  # noqa: E731 - a name for one argument
        courier = Courier(consumer, delivery, parked, Reports(producer, topics), say, pace)
        if arguments.listen is not None:
            page = stack.enter_context(served(lambda: courier.page, arguments.listen))
            stack.callback(page.shutdown)
        tell(NAME, f"hearing who wants no messages, from topics {topics.clickstream} and {topics.profiles}")
        feed.as_of_now()
        tell(NAME, f"sending what topic {topics.push} has")
        with _ended_by_signals(delivery):
            courier.run(lambda: arguments.until_end and courier.is_at_end())


def group_of(group: str, channel: str | None) -> str:
    """Return whom a sender shares its partitions with: those of its channel, as each channel's read all of them.

    >>> group_of("tideline-push", None), group_of("tideline-push", "email")
    ('tideline-push', 'tideline-push-email')
    """
    return group if channel is None else f"{group}-{channel}"


@contextmanager
def _subscribed(target: Target, group: str) -> Iterator[Any]:
    topic = target.topics.push
    needs = f"Read on topic {topic}, Read on group {group}"
    more = {
        "group_id": group,
        "auto_offset_reset": "earliest",
        "session_timeout_ms": _GONE_MS,
        "heartbeat_interval_ms": _GONE_MS // 3,
    }
    with target.cluster.consumer(f"reading topic {topic}", needs, **more) as consumer:
        consumer.subscribe([topic])
        yield consumer


@contextmanager
def _ended_by_signals(delivery: Delivery) -> Iterator[None]:
    """Let SIGTERM and SIGINT end it gracefully, and the second one at once."""
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.getsignal(number) for number in numbers}

    def end(number: int, frame: object) -> None:
        for each in numbers:
            signal.signal(each, before[each])
        delivery.end()

    for number in numbers:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number in numbers:
            signal.signal(number, before[number])


def main(argv: Sequence[str]) -> int:
    """Send; exit status 0 also where it was ended by a signal."""
    arguments = parse(NAME, argv)
    try:
        carrier = carrier_of(arguments)
        run(arguments, read_target(arguments), carrier)
    except (StackError, TidelineError) as error:
        return failed(NAME, error)
    return Exit.DONE
