"""Sends one event of a user and shows how his list changes: `tideline send`."""

from __future__ import annotations

import json
import sys
import time
import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from tideline.schemas.codec import decode_event, encode_event
from tideline.schemas.errors import ConfigError, TidelineError, Unavailable
from tideline.schemas.events import FIRST_ACTIVITY_TYPE, TYPE_NAMES, VISITOR_TYPES, Event, EventType
from tideline.scripts.commands.exits import Exit, failed
from tideline.scripts.commands.printable import printable
from tideline.scripts.commands.redis_target import key_of_list, opened, read_redis_target
from tideline.scripts.commands.show_list import document, known_activities
from tideline.scripts.commands.target import PATIENCE_S, read_target
from tideline.scripts.localstack import StackError
from tideline.scripts.parsers.verbs import parse
from tideline.scripts.simulation.lists import parse_list

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import redis

    from tideline.scripts.commands.target import Target

_LOOK_EVERY_S = 0.005
_NEW_WITHIN_S = 20.0


class Renewed(NamedTuple):
    """The payload of a list, and how long it took to come."""

    payload: bytes
    seconds: float


def event_of(arguments: argparse.Namespace, now_ms: int, payload: bytes | None) -> Event:
    """Return the event that a command line asks for; `payload` is the user's list, where he has one.

    Raises:
        ConfigError: an activity is missing, too much, or not in the list.
        InvalidRecord: the job would refuse the event.
        ValueError, KeyError: the payload is no list.
    """
    if not arguments.user.isprintable():
        raise ConfigError("USER", ascii(arguments.user), "an id as events have it, of characters that can be printed")
    kind = EventType(TYPE_NAMES.index(arguments.type))
    event = Event(
        str(uuid.uuid4()),
        arguments.user,
        kind,
        now_ms,
        item_id=arguments.item,
        category=arguments.category,
        price=arguments.price,
        quantity=arguments.quantity,
        value=arguments.value,
    )
    if kind >= FIRST_ACTIVITY_TYPE:
        event = _about(event, arguments.activity, payload)
    elif arguments.activity is not None:
        about_one = [TYPE_NAMES[each] for each in VISITOR_TYPES if each >= FIRST_ACTIVITY_TYPE]
        raise ConfigError("--activity", arguments.activity, f"only with --type {', '.join(about_one)}")
    return decode_event(event.user_id.encode(), encode_event(event), now_ms)


def _about(event: Event, activity: str | None, payload: bytes | None) -> Event:
    """Return the event about an activity of the list, with its token and place."""
    shown = parse_list(payload) if payload else None
    if shown is None or activity not in shown.activities:
        allowed = f"one of his list: {', '.join(shown.activities)}" if shown else "nothing, he has no list yet"
        raise ConfigError("--activity", str(activity), allowed)
    return event._replace(activity_id=activity, token=shown.token, position=shown.activities.index(activity))


@contextmanager
def writer(target: Target) -> Iterator[Callable[[Event], None]]:
    """Yield what writes an event to the clickstream and returns when the broker has it.

    Raises:
        Unavailable: no broker takes it.
    """
    topic = target.topics.clickstream
    with target.cluster.producer(f"writing an event to topic {topic}", f"Write on topic {topic}") as producer:

        def write(event: Event) -> None:
            producer.send(topic, key=event.user_id.encode(), value=encode_event(event)).get(timeout=2 * PATIENCE_S)

        yield write


def send(target: Target, event: Event, client: redis.Redis, key: str) -> Renewed:
    """Write the event to the clickstream, and wait until the list under the key is a newer one.

    Raises:
        Unavailable: no broker takes it, or no newer list comes.
    """
    before = _version(client, key)
    started_s = time.monotonic()
    with writer(target) as write:
        write(event)
        while time.monotonic() - started_s < _NEW_WITHIN_S:
            payload: Any = client.get(key)
            if payload and parse_list(payload).version > before:
                return Renewed(payload, time.monotonic() - started_s)
            time.sleep(_LOOK_EVERY_S)
    why = "does it run, and has it an activity to show? tideline doctor looks"
    raise Unavailable("the job", f"no newer {key!r} within {_NEW_WITHIN_S:.0f} s of the event: {why}")


def _version(client: redis.Redis, key: str) -> tuple[int, ...]:
    payload: Any = client.get(key)
    return parse_list(payload).version if payload else ()


def describe(found: Mapping[str, Any]) -> list[str]:
    """Return the lines for people: what was sent, and each entry of the new list with its place in the one before."""
    event, after = found["event"], found["after"]["entries"]
    was = {entry["activity_id"]: entry["position"] for entry in (found["before"] or {"entries": ()})["entries"]}
    about = event["activity_id"] or event["category"] or event["item_id"] or "nothing"
    width = max([len("activity"), *(len(entry["activity_id"]) for entry in after)])
    lines = [
        f"{event['type']} of {about} by {event['user_id']}: a new list after {found['seconds']:.2f} s",
        f"{'place':>5}  {'was':>3}  {'activity':{width}}  what it is",
    ]
    for entry in after:
        name = entry["activity_id"]
        what = "" if entry["title"] is None else f"{entry['kind']}: {entry['title']}"
        lines.append(f"{entry['position']:5}  {was.get(name, 'new')!s:>3}  {name:{width}}  {what}".rstrip())
    here = {entry["activity_id"] for entry in after}
    gone = [name for name in was if name not in here]
    if gone:
        lines.append(f"no longer there: {', '.join(gone)}")
    return [printable(line) for line in lines]


def _sent(arguments: argparse.Namespace) -> dict[str, Any]:
    target, redis_target = read_target(arguments), read_redis_target(arguments)
    key = key_of_list(arguments.prefix, arguments.user, arguments.placement or "")
    known = known_activities(arguments)
    with opened(redis_target.url) as client:
        before: Any = client.get(key)
        event = event_of(arguments, int(time.time() * 1000), before)
        after = send(target, event, client, key)
    now_ms = int(time.time() * 1000)
    return {
        "event": event._asdict() | {"type": TYPE_NAMES[event.type]},
        "seconds": round(after.seconds, 3),
        "before": document(before, now_ms, known) if before else None,
        "after": document(after.payload, now_ms, known),
    }


def main(argv: Sequence[str]) -> int:
    """Send the event; 1 with the reason where it is refused or no new list comes of it."""
    arguments = parse("send", argv)
    try:
        found = _sent(arguments)
    except (StackError, TidelineError) as error:
        return failed("send", error)
    except (ValueError, KeyError) as error:
        print(f"send: the list of {arguments.user!r} is none: {error}", file=sys.stderr)
        return Exit.FAILED
    print(json.dumps(found) if arguments.json else "\n".join(describe(found)))
    return Exit.DONE
