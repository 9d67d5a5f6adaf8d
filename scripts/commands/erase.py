"""Erases a user: what Kafka holds that can be forgotten, his state, his lists, what they taught: `tideline erase`."""

from __future__ import annotations

import getpass
import json
import socket
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from tideline.schemas.codec import encode_event
from tideline.schemas.errors import ConfigError, TidelineError, Unavailable
from tideline.schemas.topics import SPECS
from tideline.scripts.commands.archive import archive, forget
from tideline.scripts.commands.exits import Exit, failed
from tideline.scripts.commands.person_records import placements_of, readable, records_of, told_by
from tideline.scripts.commands.redis_target import key_of_list, opened, read_redis_target
from tideline.scripts.commands.target import PATIENCE_S, read_target
from tideline.scripts.commands.token_secrets import SECRETS, read_token_keys
from tideline.scripts.localstack import StackError
from tideline.scripts.parsers.archive_parser import ROWS
from tideline.scripts.parsers.verbs import parse
from tideline.udfs.core.catalogue.opening import moment
from tideline.udfs.core.erasure.erase_order import erase_order
from tideline.udfs.core.erasure.known_erasures import erasure_record
from tideline.udfs.io.archive_files import files_of

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from tideline.scripts.commands.person_records import Told
    from tideline.scripts.commands.target import Target
    from tideline.udfs.core.lists.token_keys import TokenKeys

_LOOK_EVERY_S = 0.02
_TOPICS_OF_TIME = ("clickstream", "decisions", "dead_letters", "push")
"""What is there of him goes by itself."""


class Ordered(NamedTuple):
    """An erasure that was written: up to when, the hash that stands for him, what his events told."""

    erased_ms: int
    user_hash: str
    told: Told


def order(target: Target, user: str, by: str, keys: TokenKeys, *, search: bool = True) -> Ordered:
    """Write all that erases a user, in this order: his profile is forgotten, the topic of erasures, the clickstream.

    So a job that is lost in between, or that replays, knows of it. The orders go to the partition that his events are
    in, behind them; without a search for these, to the one that Kafka's default partitioner gives his id.

    Raises:
        Unavailable: no broker takes it; sent again it is one erasure.
    """
    topics = target.topics
    found = list(records_of(target.cluster, topics.clickstream, user)) if search else []
    told = told_by(found, keys)
    needs = f"Write on topics {topics.profiles}, {topics.erasures}, {topics.clickstream}"
    with target.cluster.producer(f"erasing a user from topic {topics.clickstream}", needs, acks="all") as producer:
        forgotten = producer.send(topics.profiles, key=user.encode()).get(timeout=2 * PATIENCE_S)
        erased_ms = max(int(time.time() * 1000), forgotten.timestamp)
        key, value = erasure_record(user, erased_ms, by, keys)
        producer.send(topics.erasures, key=key, value=value).get(timeout=2 * PATIENCE_S)
        for token in (*told.tokens, None):
            record = encode_event(erase_order(user, erased_ms, keys, token))
            sent = producer.send(topics.clickstream, key=user.encode(), value=record, partition=told.partition)
        sent.get(timeout=2 * PATIENCE_S)
    return Ordered(erased_ms, key.hex(), told)


def wait_for(url: str, key: str, erased_ms: int, seconds: float, others: Sequence[str] = ()) -> float:
    """Return after how many seconds the list under a key says that its user is erased, and no other list is left.

    Args:
        url: The Redis.
        key: Of his default list.
        erased_ms: Up to when he was erased.
        seconds: How long to wait.
        others: Keys of his lists of placements, which are erased or not there in the end.

    Raises:
        Unavailable: it does not within that time; the message says how many other lists are left.
    """
    started_s = time.monotonic()
    left = 0
    with opened(url) as client:
        while (passed_s := time.monotonic() - started_s) <= seconds:
            payloads: list[Any] = [client.get(each) for each in (key, *others)]
            if payloads[0] and _is_erased(payloads[0], erased_ms):
                left = sum(not _is_erased(each, erased_ms) for each in payloads[1:] if each)
                if not left:
                    return passed_s
            time.sleep(_LOOK_EVERY_S)
    if left:
        raise Unavailable("the job", f"{left} lists of placements are left after {seconds:g} s: has it these still?")
    raise Unavailable("the job", f"the order is written, and not carried out within {seconds:g} s: does it run?")


def _is_erased(payload: bytes, erased_ms: int) -> bool:
    try:
        return int(json.loads(payload).get("x", -1)) >= erased_ms
    except (AttributeError, TypeError, ValueError):  # whoever wrote it, it is no list
        return False


def report(ordered: Ordered, seconds: float | None, archived: int | None = None) -> dict[str, Any]:
    """Return what was done and what goes when, without the user's id; `archived` records of an archive are gone."""
    kept = {role: int(SPECS[role].config["retention.ms"]) for role in _TOPICS_OF_TIME}
    return {
        "user_hash": ordered.user_hash,
        "erased_ms": ordered.erased_ms,
        "events": ordered.told.events,
        "lists_taken_back": len(ordered.told.tokens),
        "seconds": None if seconds is None else round(seconds, 3),
        "archived": archived,
        "gone_by_ms": {role: ordered.erased_ms + kept_ms for role, kept_ms in kept.items()},
    }


def in_words(found: Mapping[str, Any]) -> list[str]:
    """Return the lines for people."""
    state = "ordered; --wait S tells when it is done"
    if found["seconds"] is not None:
        state = f"done after {found['seconds']:.1f} s: state and lists are gone"
    return [
        f"erased up to {moment(found['erased_ms'])}: {state}",
        f"known as {found['user_hash']} in the topic of erasures",
        f"{found['lists_taken_back']} lists of {found['events']} events in Kafka are taken back from what was learned",
        *([] if found["archived"] is None else [f"archive: {found['archived']:,} records are gone"]),
        *(f"topic {role}: gone by {moment(at_ms)}" for role, at_ms in found["gone_by_ms"].items()),
        "yours to delete: savepoints, exports and training sets of before (docs/guide/privacy.md)",
    ]


def _erased(arguments: argparse.Namespace) -> dict[str, Any]:
    target = read_target(arguments)
    keys = read_token_keys(target)
    if keys is None:
        raise ConfigError(SECRETS.environment, "nothing", "the job's token secrets, which sign the order")
    redis = None if arguments.wait is None else read_redis_target(arguments)
    by = arguments.by or f"{getpass.getuser()}@{socket.gethostname()}"
    ordered = order(target, arguments.user, by, keys, search=not arguments.no_search)
    seconds = None
    if redis is not None:
        names = set(arguments.placement)
        if not arguments.no_search:
            names.update(placements_of(_decisions(target, arguments.user)))
        key, *others = (key_of_list(arguments.prefix, arguments.user, name) for name in ("", *sorted(names)))
        seconds = wait_for(redis.url, key, ordered.erased_ms, arguments.wait, others)
    archived = None if arguments.archive is None else _unarchived(target, arguments.archive, arguments.user)
    return report(ordered, seconds, archived)


def _unarchived(target: Target, folder: Path, user: str) -> int:
    """Let an archive have no record of a user; return how many went.

    What Kafka still has of him goes into the archive first, for a later run would put it there.
    """
    if not folder.is_dir():
        raise ConfigError("--archive", str(folder), "a folder that tideline archive writes")
    try:
        has_policy = bool(files_of(folder, target.topics.policy))
        archive(target, folder, ROWS, policy=has_policy)
        return forget(target.topics, folder, user)
    except (ConfigError, OSError) as error:
        told = f"the user is erased but for it; again: tideline archive --without ({error})"
        raise Unavailable("the archive", told) from error


def _decisions(target: Target, user: str) -> list[dict[str, Any]]:
    return [readable("decisions", found) for found in records_of(target.cluster, target.topics.decisions, user)]


def main(argv: Sequence[str]) -> int:
    """Erase a user; 1 with the reason where that cannot be ordered, or is not carried out in time."""
    arguments = parse("erase", argv)
    try:
        found = _erased(arguments)
    except (StackError, TidelineError) as error:
        return failed("erase", error)
    print(json.dumps(found) if arguments.json else "\n".join(in_words(found)))
    return Exit.DONE
