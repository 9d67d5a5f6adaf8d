"""Writes what is held of a person into a folder, for who asks for it: `tideline person USER --export DIR`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tideline.schemas.errors import ConfigError, TidelineError
from tideline.scripts.commands.exits import Exit, failed
from tideline.scripts.commands.person_records import is_there, placements_of, readable, records_of
from tideline.scripts.commands.redis_target import key_of_list, opened, read_redis_target
from tideline.scripts.commands.target import read_target
from tideline.scripts.commands.token_secrets import read_token_keys
from tideline.scripts.localstack import StackError
from tideline.scripts.parsers.verbs import parse
from tideline.udfs.core.erasure.known_erasures import KnownErasures
from tideline.udfs.io.topic_reader import read_topic

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from tideline.scripts.commands.target import Target

ROLES = ("clickstream", "profiles", "decisions", "dead_letters", "push")
"""Topics whose records have a user as their key; who sends no messages may have none of theirs."""
_READ_ME = """What this shop's recommender holds of you.

clickstream.jsonl   what you did in the shop, one line each
profiles.jsonl      what the shop said of you: labels, time zone, consent, what you never want to see
decisions.jsonl     what you were shown, where, and how likely it was; x is what was made of your history, 16 numbers
push.jsonl          messages that you were sent, or that were withheld by chance
dead_letters.jsonl  what was sent in your name and refused
list.json           what you are shown now, a line for each place of the shop that shows you something
erased.json         up to when you were erased, UTC epoch milliseconds, if you were

Beside these the running job keeps, made of the events above and nothing else: your 31 newest events, what you have long
liked, your newest 32 lists (up to 96 where there are several on a page) and what came of them. Times are UTC,
milliseconds since 1970.
"""


def export(target: Target, user: str, folder: Path, list_of: Callable[[str], bytes | None]) -> dict[str, int]:
    """Write a user's records as lines of JSON, his lists, and what the files are; return how many lines by file.

    `list_of` reads his list of a placement, of none his default one: of those his decisions name.

    Raises:
        ConfigError: there is something in the folder, or it cannot be written.
        Unavailable: no broker answers, it refuses, or there is no such topic.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if any(folder.iterdir()):
            raise ConfigError("--export", str(folder), "a new or an empty folder")
        counts, placements = {}, list[str]()
        for role in ROLES:
            topic = target.topics.by_role()[role]
            if role == "push" and not is_there(target.cluster, topic):
                continue
            told = [readable(role, found) for found in records_of(target.cluster, topic, user)]
            placements += placements_of(told) if role == "decisions" else []
            counts[role] = _write(folder / f"{role}.jsonl", map(json.dumps, told))
        lists = filter(None, map(list_of, ["", *placements]))
        counts["list"] = _write(folder / "list.json", [each.decode() for each in lists])
        erased_ms = _erased_ms(target, user)
        counts["erased"] = _write(folder / "erased.json", [json.dumps({"erased_ms": erased_ms})] if erased_ms else [])
        (folder / "README.txt").write_text(_READ_ME)
    except OSError as error:
        raise ConfigError("--export", str(folder), f"a folder that can be written ({error.strerror})") from error
    return counts


def _write(path: Path, texts: Iterable[str]) -> int:
    lines = list(texts)
    path.write_text("".join(f"{line}\n" for line in lines))
    path.chmod(0o600)
    return len(lines)


def _erased_ms(target: Target, user: str) -> int:
    keys = read_token_keys(target)
    if keys is None:
        return 0
    records = ((each.key, each.value) for each in read_topic(target.cluster, target.topics.erasures))
    return int(KnownErasures.of(records, keys).up_to([user])[0])


def _exported(arguments: argparse.Namespace) -> dict[str, Any]:
    target, redis = read_target(arguments), read_redis_target(arguments)
    with opened(redis.url) as client:

        def list_of(placement: str) -> bytes | None:
            stored: Any = client.get(key_of_list(arguments.prefix, arguments.user, placement))
            return stored if isinstance(stored, bytes) else None

        return {"folder": str(arguments.export), "lines": export(target, arguments.user, arguments.export, list_of)}


def main(argv: Sequence[str]) -> int:
    """Write the folder; 1 with the reason where that cannot be done."""
    arguments = parse("person", argv)
    try:
        found = _exported(arguments)
    except (StackError, TidelineError) as error:
        return failed("person", error)
    told = [f"{name:12}  {count:6}" for name, count in found["lines"].items()]
    print(json.dumps(found) if arguments.json else "\n".join([f"{found['folder']}: lines by file", *told]))
    return Exit.DONE
