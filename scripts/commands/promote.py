"""Lets the lists of a replay take the place of the live ones: `tideline promote`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tideline.schemas.errors import ConfigError, TidelineError, TooFew
from tideline.schemas.topics import Topics
from tideline.scripts.commands.exits import Exit, failed
from tideline.scripts.commands.printable import printable
from tideline.scripts.commands.redis_target import opened, read_redis_target
from tideline.scripts.comparison.promoting import Names, placements, promote, summary, weighed
from tideline.scripts.comparison.promotion import Fate, Rule
from tideline.scripts.localstack import StackError
from tideline.scripts.parsers.verbs import parse
from tideline.scripts.replays.digest import makers
from tideline.udfs.settings.replay_names import replay_names

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

    import redis

_TOLD = 5
_MEANING = {
    Fate.PROMOTED: "have, or would have, the replay's lists",
    Fate.SAME: "have them already",
    Fate.LATER: "are further on live: their lists stay",
    Fate.OVERTAKEN: "have live lists of the same moment that count more updates or are of a newer encoder, generation",
    Fate.BEHIND: "are not as far live: their lists stay",
    Fate.ERASED: "were erased",
    Fate.UNREADABLE: "lack a list of the replay, or have what is no list",
}


def names_of(arguments: argparse.Namespace) -> Names:
    """Return the namespaces that a verb's options mean."""
    replay = replay_names(arguments.replay, arguments.prefix, "", Topics()).namespace
    return Names(*(each.encode("utf-8", "surrogateescape") for each in (arguments.prefix, replay)))


def promoted(client: redis.Redis, names: Names, arguments: argparse.Namespace) -> dict[str, Any]:
    """Return what is, or would be, done.

    Raises:
        TooFew: the replay has no lists.
        ConfigError: placements differ, the replay has not ended or was ranked by another policy topic than the live
            job's, or users are overtaken and nothing says what to do.
    """
    rule = Rule(arguments.overtaken == "replace", arguments.republished)
    found = weighed(client, names, rule)
    if not found.users:
        raise TooFew("NAME", arguments.replay, "a replay whose lists are there")
    _refuse_other(client, names, arguments)
    made, live = placements(client, names.replay), placements(client, names.live)
    if live and made != live:
        told = printable(", ".join(sorted(each.decode("utf-8", "replace") for each in live)))
        raise ConfigError("NAME", arguments.replay, f"a replay with the placements of the live job: {told}")
    if not arguments.yes:
        return summary(names, False, found)
    overtaken = found.users[Fate.OVERTAKEN]
    if overtaken and arguments.overtaken is None:
        raise ConfigError(
            "--overtaken",
            arguments.overtaken,
            f"keep or replace: {overtaken:,} of {found.users.total():,} live lists know what the replay's do not, as "
            "the updates of before its range, a late event, a newer encoder or a higher generation, or were made again "
            f"by a republish (--republished N); users by how many updates: {_by(found.ahead)}",
        )
    return summary(names, True, promote(client, names, arguments.keep_s * 1000, rule))


def _refuse_other(client: redis.Redis, names: Names, arguments: argparse.Namespace) -> None:
    """A token names a version by its offset alone: the live job would look it up in its own topic.

    Of lists of some users nobody could tell afterwards whose live ones are a replay's; those without a rule break it.
    """
    made = makers(client, names.replay.decode("utf-8", "surrogateescape"))
    for each in made:
        if each.users:
            told = f"a replay of all users, not of some ({printable(each.users)}), which is for looking at"
            raise ConfigError("NAME", arguments.replay, f"{told}: run it without --users")
        if each.without:
            told = (
                f"a replay in which all rules hold, not one without {printable(each.without)}, whose lists break them"
            )
            raise ConfigError("NAME", arguments.replay, told)
    topics = {each.policy for each in made}
    if topics == {arguments.policy_topic}:
        return
    if not topics or None in topics:
        told = "a replay that has ended, by this build: then it says by which policy topic it ranked. Go on with it "
        raise ConfigError("NAME", arguments.replay, told + "(`tideline replay --resume`), or run it again")
    by = printable(", ".join(sorted(str(each) for each in topics)))
    told = f"a replay ranked by the live job's policy topic, {arguments.policy_topic}, not by {by}, whose versions "
    told += "tokens of its lists name: run the range again without --topics; or, where live ranks by that one, say so "
    raise ConfigError("NAME", arguments.replay, told + "with --policy-topic")


def _by(ahead: Mapping[int, int]) -> str:
    most = sorted(ahead.items(), key=lambda each: -each[1])[:_TOLD]
    return ", ".join(f"{by:,}: {users:,}" for by, users in most)


def describe(found: Mapping[str, Any]) -> list[str]:
    """Return the lines for people."""
    lines = [f"{found['replay']} in the place of {found['live']}: {found['users']:,} users"]
    lines += [f"  {found[fate]:12,}  {meaning}" for fate, meaning in _MEANING.items() if found[fate]]
    if found["ahead"]:
        lines.append(f"overtaken users by how many updates: {_by({int(by): n for by, n in found['ahead'].items()})}")
    lines.append(f"popular lists: {found['popular'] or 'none of the replay'}")
    return [*lines, "done" if found["done"] else "nothing was changed; --yes does it"]


def main(argv: Sequence[str]) -> int:
    """Promote a replay, or tell what that would do; 3 where it has no lists."""
    arguments = parse("promote", argv)
    try:
        with opened(read_redis_target(arguments).url) as client:
            found = promoted(client, names_of(arguments), arguments)
    except (StackError, TidelineError) as error:
        return failed("promote", error)
    print(json.dumps(found) if arguments.json else "\n".join(describe(found)))
    return Exit.DONE
