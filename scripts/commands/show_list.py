"""Shows one list as it is in Redis, and which entries a frontend would still show: `tideline list`."""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING, Any, cast

from tideline.schemas.errors import TidelineError
from tideline.scripts.archive.topic_activities import activities_of
from tideline.scripts.commands.exits import Exit, failed
from tideline.scripts.commands.list_labels import labels_met, profile_in_words, profile_of, told_of_profile
from tideline.scripts.commands.list_reasons import LEGEND, in_words, reasons
from tideline.scripts.commands.printable import printable
from tideline.scripts.commands.redis_target import key_of_list, opened, read_redis_target
from tideline.scripts.commands.target import read_target
from tideline.scripts.localstack import StackError
from tideline.scripts.parsers.verbs import parser_of
from tideline.scripts.simulation.lists import NO_STOPS, parse_list, parse_stops
from tideline.udfs.core.catalogue.opening import moment
from tideline.udfs.io.topic_reader import read_topic

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

    from tideline.scripts.simulation.lists import Stops
    from tideline.udfs.core.catalogue.activity import Activity
    from tideline.udfs.core.profiles.kept_profile import KeptProfile


def document(
    payload: bytes,
    now_ms: int,
    known: Mapping[str, Activity],
    profile: KeptProfile | None = None,
    stops: Stops = NO_STOPS,
) -> dict[str, Any]:
    """Return what a list says; `known` are the activities whose kind and title can be told, `profile` its user's.

    An entry is over when a page that reads the stop list beside it shows it no more.

    Raises:
        ValueError, KeyError: it is no list.
    """
    ranked = parse_list(payload)
    beside = ranked.under(stops).ends_ms
    entries = []
    why_each = reasons(ranked.token, len(ranked.activities))
    told = zip(ranked.activities, ranked.ends_ms, beside, ranked.variants, why_each, strict=True)
    for position, (name, own_ms, end_ms, variant, why) in enumerate(told):
        its = known.get(name)
        entries.append(
            {
                "position": position,
                "activity_id": name,
                "ends_ms": end_ms or own_ms,
                "over": end_ms <= now_ms,
                "variant": variant,
                "kind": its.kind if its else None,
                "title": its.title if its else None,
                "categories": list(its.categories) if its else None,
                "labels": labels_met(its, profile) if its and profile else [],
                "why": why,
            }
        )
    encoder = json.loads(payload).get("m")
    return {
        "made_ms": ranked.as_of_ms,
        "version": list(ranked.version),
        "encoder": encoder,
        "token": ranked.token,
        "profile": told_of_profile(profile) if profile else None,
        "entries": entries,
    }


def describe(found: Mapping[str, Any], why: bool = False) -> list[str]:
    """Return the lines for people: a heading, and for each entry its place, id, end and what it is, and `why`."""
    entries = found["entries"]
    width = max([len("activity"), *(len(entry["activity_id"]) for entry in entries)])
    lines = [
        f"{found['key']}: {len(entries)} entries, made {moment(found['made_ms'])} by encoder {found['encoder']}, "
        f"version {found['version']}"
    ]
    if entries:
        lines.append(f"{'place':>5}  {'activity':{width}}  {'ends':20}  what it is")
    for entry in entries:
        what = "" if entry["title"] is None else f"{entry['kind']}: {entry['title']}"
        variant = f"variant {entry['variant']}" if entry["variant"] else ""
        told = ", ".join(filter(None, ("over, no longer shown" * entry["over"], variant, what)))
        ends = moment(entry["ends_ms"])
        lines.append(f"{entry['position']:5}  {entry['activity_id']:{width}}  {ends:20}  {told}".rstrip())
        if why:
            labels = f"; his {', '.join(entry['labels'])} as its rule asks" if entry["labels"] else ""
            lines.append(f"{'':7}{in_words(entry['why'], entry['categories'] or ())}{labels}")
    if entries and why:
        lines += [LEGEND, *([profile_in_words(found["profile"])] if found["profile"] else [])]
    return [printable(line) for line in lines]


def _key(arguments: argparse.Namespace) -> str:
    placement = arguments.placement or ""
    if arguments.popular:
        return f"{arguments.prefix}:popular" + (f":{placement}" if placement else "")
    return key_of_list(arguments.prefix, arguments.user, placement)


def known_activities(arguments: argparse.Namespace) -> dict[str, Activity]:
    """Return the activities of the Kafka that is named; none, and a word, where it cannot be read."""
    try:
        target = read_target(arguments)
        return activities_of(read_topic(target.cluster, target.topics.activities))
    except (StackError, TidelineError) as error:
        print(f"list: titles are not known: {error}", file=sys.stderr)
        return {}


def known_profile(arguments: argparse.Namespace) -> KeptProfile | None:
    """Return the profile of the user; None, and a word, where the Kafka that is named cannot be read."""
    try:
        target = read_target(arguments)
        return profile_of(arguments.user, read_topic(target.cluster, target.topics.profiles))
    except (StackError, TidelineError) as error:
        print(f"list: the profile is not known: {error}", file=sys.stderr)
        return None


def main(argv: Sequence[str]) -> int:
    """Print the list; 1 with the reason where there is none."""
    parser = parser_of("list")
    arguments = parser.parse_args(argv)
    if (arguments.user is None) != arguments.popular:
        parser.error("one of USER and --popular")
    key = _key(arguments)
    try:
        target = read_redis_target(arguments)
        with opened(target.url) as client:
            payload = client.get(key.encode("utf-8", "surrogateescape"))
            stops = cast("bytes | None", client.get(f"{arguments.prefix}:stops"))
        if not isinstance(payload, bytes):
            print(f"list: there is no {key!r}", file=sys.stderr)
            return Exit.FAILED
        can_ask = target.of_stack or arguments.bootstrap
        known = known_activities(arguments) if can_ask else {}
        profile = known_profile(arguments) if can_ask and arguments.why and not arguments.popular else None
        found = {"key": key} | document(payload, int(time.time() * 1000), known, profile, parse_stops(stops))
    except (StackError, TidelineError) as error:
        return failed("list", error)
    except (ValueError, KeyError) as error:
        print(f"list: {key!r} is no list: {error}", file=sys.stderr)
        return Exit.FAILED
    print(json.dumps(found) if arguments.json else "\n".join(describe(found, arguments.why)))
    return Exit.DONE
