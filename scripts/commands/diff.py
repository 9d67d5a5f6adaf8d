"""What would change for users if a replay's lists took the place of others: `tideline diff`."""

from __future__ import annotations

import json
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, cast

from tideline.schemas.errors import ConfigError, TidelineError, TooFew
from tideline.scripts.commands.archive_log import log_file
from tideline.scripts.commands.exits import Exit, failed
from tideline.scripts.commands.printable import printable
from tideline.scripts.commands.redis_target import opened, read_redis_target
from tideline.scripts.commands.token_secrets import SECRETS, keys_of, named_token_keys
from tideline.scripts.comparison.diff_page import page
from tideline.scripts.comparison.list_diff import Pair, compare
from tideline.scripts.comparison.list_value import NO_LOG, ListValue, described, nothing
from tideline.scripts.comparison.namespaces import scanned
from tideline.scripts.localstack import Stack, StackError
from tideline.scripts.parsers.verbs import parse
from tideline.scripts.replays.digest import makers
from tideline.scripts.simulation.lists import RankedList, parse_list
from tideline.udfs.core.evaluation.diagnostics import cannot

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterator, Mapping, Sequence

    import redis

LIVE = "live"
_AT_ONCE = 1_000
_TOLD_EVERY = 100_000
_SHOWN = 15
_SIDES = ("then", "now")


class _Lists:
    """The lists of two namespaces, and what of them is no pair; the names of all users of the first are kept."""

    def __init__(self, client: redis.Redis, now: str, then: str) -> None:
        self._client = client
        self._now, self._then = (f"{each}:list:".encode("utf-8", "surrogateescape") for each in (now, then))
        self._seen: set[bytes] = set()
        self.only_then = self.only_now = self.unreadable = 0

    def pairs(self) -> Iterator[Pair]:
        """Yield each user of both, in no order; a key that the server tells twice once."""
        users: list[bytes] = []
        for user in scanned(self._client, self._then):
            if user not in self._seen:
                self._seen.add(user)
                users.append(user)
            if len(users) == _AT_ONCE:
                yield from self._read(users)
                users = []
                if len(self._seen) % _TOLD_EVERY == 0:
                    print(f"diff: {len(self._seen):,} lists", file=sys.stderr, flush=True)
        yield from self._read(users)
        self.only_now = len({user for user in scanned(self._client, self._now) if user not in self._seen})

    def _read(self, users: Sequence[bytes]) -> Iterator[Pair]:
        if not users:
            return
        told = (self._client.mget([start + user for user in users]) for start in (self._now, self._then))
        for user, now, then in zip(users, *cast("Iterator[list[bytes | None]]", told), strict=True):
            if then is None:  # its time was over since its key was told
                continue
            if now is None:
                self.only_then += 1
                continue
            as_it_is, as_it_would_be = _parsed(now), _parsed(then)
            if as_it_is is None or as_it_would_be is None:
                self.unreadable += 1
                continue
            yield Pair(user.decode("utf-8", "backslashreplace"), as_it_is, as_it_would_be)


def _parsed(payload: bytes) -> RankedList | None:
    """Return a list; None where it is none, as one whose entries are no ids, or twice the same."""
    try:
        found = parse_list(payload)
        is_one = all(isinstance(each, str) for each in found.activities)
        return found if is_one and len(set(found.activities)) == len(found.activities) else None
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def diff(client: redis.Redis, now: str, then: str, value: ListValue | None = None) -> dict[str, Any]:
    """Return what `compare` finds between two namespaces, of whom only one has a list, and what a log says of them.

    Raises:
        TooFew: there is no user with both.
        ConfigError: the log has what is not allowed.
    """
    lists = _Lists(client, now, then)
    pairs = lists.pairs()
    found = compare(pairs if value is None else value.seen(pairs))
    if not found["users"]:
        raise TooFew("lists", f"{lists.only_then:,} of {then}, {lists.only_now:,} of {now}", "users who have both")
    beside = {"only_then": lists.only_then, "only_now": lists.only_now, "unreadable": lists.unreadable}
    judged = nothing(cannot(NO_LOG)) if value is None else value.told()
    made = {"now_made": _made(client, now), "then_made": _made(client, then)}
    return {"now": now, "then": then} | made | beside | found | {"value": judged}


def _made(client: redis.Redis, namespace: str) -> list[str]:
    """Return what is not as in the live job about how a namespace's lists were made."""
    made = makers(client, namespace)
    users = sorted({f"of users {each.users} alone" for each in made if each.users})
    return users + sorted({f"without {each.without}" for each in made if each.without})


def describe(found: Mapping[str, Any]) -> list[str]:
    """Return the lines for people."""
    users, overlap, kendall = found["users"], found["overlap"], found["kendall"]
    lines = [
        f"{found['then']} in the place of {found['now']}: {users:,} users have both lists, "
        f"{found['changed']:,} ({found['changed'] / users:.1%}) would see another one",
        *(f"{found[side]} was made {', '.join(found[f'{side}_made'])}" for side in _SIDES if found[f"{side}_made"]),
        f"{found['moved_on']:,} pairs are of different moments; {found['only_then']:,} users only in {found['then']}, "
        f"{found['only_now']:,} only in {found['now']}, {found['unreadable']:,} unreadable",
        f"alike (rank-biased overlap, 1: the same): mean {overlap['mean']:.3f}, {_quantiles(overlap)}",
        f"apart (Kendall distance, 0: the same): mean {kendall['mean']:.3f}, {_quantiles(kendall)}",
        *described(found["value"]),
        "",
        f"{'activity':24} {'lists now':>10} {'then':>10} {'weight now':>11} {'then':>10}",
    ]
    lines += [
        f"{each['activity_id']:24} {each['now']:10,} {each['then']:10,} {each['now_weight']:11,.1f} "
        f"{each['then_weight']:10,.1f}"
        for each in found["activities"][:_SHOWN]
    ]
    for each in found["most_changed"]:
        lines += ["", f"{each['user']}: alike {each['overlap']:.3f}"]
        lines += [f"  {reason}" for reason in each["reasons"]]
        lines += [f"  now   {', '.join(each['now'])}", f"  then  {', '.join(each['then'])}"]
    return [printable(line) for line in lines]


def _quantiles(summary: Mapping[str, Any]) -> str:
    return ", ".join(f"{float(share):.0%} below {value:.3f}" for share, value in summary["quantiles"].items())


def _value(arguments: Namespace, files: ExitStack, *, of_stack: bool) -> ListValue | None:
    """Return what judges lists by the log that is named, with the secrets that it was written with; None: none is."""
    if arguments.log is None:
        return None
    keys = keys_of(Stack.attach(arguments.stack or "default")) if of_stack else named_token_keys()
    if keys is None:
        name = SECRETS.environment
        raise ConfigError(name, None, f"the secrets that the log was written with, in it or in the file {name}_FILE")
    path = files.enter_context(log_file(arguments.log))
    return ListValue(path, keys, arguments.reward, against_log=arguments.other == LIVE)


def main(argv: Sequence[str]) -> int:
    """Print the comparison; 3 where no user has both lists."""
    arguments = parse("diff", argv)
    names = arguments.replay, arguments.other
    then, now = (arguments.prefix if name == LIVE else f"{arguments.prefix}@{name}" for name in names)
    try:
        if then == now:
            raise ConfigError("OTHER", arguments.other, f"another one than {arguments.replay}")
        target = read_redis_target(arguments)
        with ExitStack() as files, opened(target.url) as client:
            found = diff(client, now, then, _value(arguments, files, of_stack=target.of_stack))
        if arguments.html:
            arguments.html.write_text(page(found), encoding="utf-8")
    except (OSError, StackError, TidelineError) as error:
        return failed("diff", error)
    print(json.dumps(found) if arguments.json else "\n".join(describe(found)))
    return Exit.DONE
